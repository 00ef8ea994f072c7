/**
 * Strict limits inside Redis: the GCRA of proto/cluster/gcra.ts, in one step that nothing comes between, and by the time of Redis,
 * so that no node's clock counts.
 *
 *   {weir:limits}:KEY   text: the debt in microseconds, a space, and when it was that; expires when it is paid off
 *
 * Not the arrival, as a node keeps it: microseconds since 1970 leave a double a quarter of one, and at a million requests a
 * second that is a quarter of an interval. A clock that is set back pays nothing off for once, and goes on from there.
 *
 * Where the memory of Redis is full they are still counted (`allow-oom`): a few bytes, which go by themselves.
 */

/** The braces keep all of them in one slot, for one request may ask for several. */
export const limitKey = (key: string): string => `{weir:limits}:${key}`;

/** KEYS: one for each limit. ARGV: of each requests, period in µs, burst. → of each allowed, remaining, reset in µs, retry in µs. */
const TAKE = `#!lua flags=allow-oom
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local limits, allowed = {}, true
for i, key in ipairs(KEYS) do
  local interval = tonumber(ARGV[3 * i - 1]) / tonumber(ARGV[3 * i - 2])
  local room = tonumber(ARGV[3 * i]) * interval
  local debt = 0
  local owed, at = string.match(redis.call('GET', key) or '', '^(%S+) (%d+)$')
  if owed then
    debt = math.max(0, tonumber(owed) - math.max(0, now - tonumber(at)))
  end
  local fits = debt + interval <= room + interval / 1000000
  allowed = allowed and fits
  limits[i] = { interval = interval, room = room, debt = debt, fits = fits }
end
local said = {}
for i, limit in ipairs(limits) do
  local debt = limit.debt
  if allowed then
    debt = debt + limit.interval
    redis.call('SET', KEYS[i], string.format('%.17g %.0f', debt, now), 'PX', math.ceil(debt / 1000) + 1)
  end
  said[4 * i - 3] = limit.fits and 1 or 0
  said[4 * i - 2] = math.max(0, math.floor((limit.room - debt) / limit.interval + 1 / 1000000))
  said[4 * i - 1] = math.ceil(debt)
  said[4 * i] = math.max(0, math.ceil(debt + limit.interval - limit.room))
end
return said
`;

/**
 * Budgets: amounts that are reserved and settled, in windows that nodes name.
 *
 *   {weir:limits}:KEY:WINDOW     hash: c what is committed, h what of it is held; expires a while after its window
 *   {weir:limits}:KEY:WINDOW:r   what is held, by when it is given up: ID:AMOUNT, and ID:0 for what was settled a while ago
 *
 * A node that dies settles nothing: what it held is given back when its time is over. Settling twice counts once, so a settlement whose
 * answer was late is sent again.
 */
const GIVE_UP = `
local function give_up(total, holds, now)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', holds, '-inf', now, 'LIMIT', 0, 200)) do
    local amount = tonumber(string.match(member, ':(%d+)$')) or 0
    redis.call('ZREM', holds, member)
    if amount > 0 then
      redis.call('HINCRBY', total, 'c', -amount)
      redis.call('HINCRBY', total, 'h', -amount)
    end
  end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
`;

/** KEYS: two for each budget. ARGV: id, held for ms; of each amount, limit, expiry in ms. → of each allowed, left, held. */
const RESERVE = `#!lua flags=allow-oom
${GIVE_UP}
local id, hold = ARGV[1], tonumber(ARGV[2])
local said, all = {}, true
for i = 1, #KEYS / 2 do
  local total, holds = KEYS[2 * i - 1], KEYS[2 * i]
  give_up(total, holds, now)
  local committed = tonumber(redis.call('HGET', total, 'c') or '0')
  local held = tonumber(redis.call('HGET', total, 'h') or '0')
  local fits = committed + tonumber(ARGV[3 * i]) <= tonumber(ARGV[3 * i + 1])
  all = all and fits
  said[3 * i - 2] = fits and 1 or 0
  said[3 * i - 1] = math.max(0, tonumber(ARGV[3 * i + 1]) - committed)
  said[3 * i] = math.max(0, held)
end
if all then
  for i = 1, #KEYS / 2 do
    local amount = tonumber(ARGV[3 * i])
    redis.call('HINCRBY', KEYS[2 * i - 1], 'c', ARGV[3 * i])
    redis.call('HINCRBY', KEYS[2 * i - 1], 'h', ARGV[3 * i])
    redis.call('ZADD', KEYS[2 * i], now + hold, id .. ':' .. ARGV[3 * i])
    redis.call('PEXPIRE', KEYS[2 * i - 1], ARGV[3 * i + 2])
    redis.call('PEXPIRE', KEYS[2 * i], ARGV[3 * i + 2])
    said[3 * i - 1] = said[3 * i - 1] - amount
  end
end
return said
`;

/** KEYS: two for each budget. ARGV: id, remembered for ms; of each reserved, real, expiry in ms. */
const SETTLE = `#!lua flags=allow-oom
${GIVE_UP}
local id, keep = ARGV[1], tonumber(ARGV[2])
for i = 1, #KEYS / 2 do
  local total, holds = KEYS[2 * i - 1], KEYS[2 * i]
  local reserved, real = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local done = id .. ':0'
  if not redis.call('ZSCORE', holds, done) then
    if reserved > 0 and redis.call('ZREM', holds, id .. ':' .. ARGV[3 * i]) == 1 then
      redis.call('HINCRBY', total, 'c', real - reserved)
      redis.call('HINCRBY', total, 'h', -reserved)
    elseif real > 0 then
      redis.call('HINCRBY', total, 'c', real)
    end
    redis.call('ZADD', holds, now + keep, done)
    redis.call('PEXPIRE', total, ARGV[3 * i + 2])
    redis.call('PEXPIRE', holds, ARGV[3 * i + 2])
  end
end
return 1
`;

export const limitScripts = { take: TAKE, reserve: RESERVE, settle: SETTLE } as const;
export type LimitScript = keyof typeof limitScripts;
