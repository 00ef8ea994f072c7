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

export const limitScripts = { take: TAKE } as const;
export type LimitScript = keyof typeof limitScripts;
