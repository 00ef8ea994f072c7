/**
 * Vectors of questions in Redis, for all nodes, each step by itself. Commands of Redis 6.2 and nothing newer. Time is that of Redis, so
 * that nodes need not agree on a clock.
 *
 *   {weir:ai:vectors}:s:SCOPE  stream, so many entries at most, the oldest go: k key of an answer, u until when, v vector; expires with the last
 *   {weir:ai:vectors}:used     sorted set: scopes by when they were asked for or added to; expires likewise
 *   {weir:ai:vectors}:bytes    hash: scope → its bytes, and under no name those of all; expires likewise
 *
 * All have one slot, since an addition gives up other scopes: those that have expired, and the ones not asked for the longest time where
 * there are too many or too many bytes.
 */
const KEYS = '{weir:ai:vectors}:';
const SCOPE_PREFIX = `${KEYS}s:`;
export const scopeKey = (scope: string): string => SCOPE_PREFIX + scope;
export const USED_KEY = `${KEYS}used`;
export const BYTES_KEY = `${KEYS}bytes`;

const NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end`;

export const vectorScripts = {
  /**
   * KEYS: stream, used, bytes. ARGV: scope, key, vector, how long, entries at most, bytes of an entry beside its vector, bytes and scopes at
   * most. Returns how many scopes were given up.
   */
  add: `${NOW}
local scope, ttl = ARGV[1], tonumber(ARGV[4])
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[5], '*', 'k', ARGV[2], 'u', text(now + ttl), 'v', ARGV[3])
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('DEL', KEYS[3]) end
local bytes = redis.call('XLEN', KEYS[1]) * (#ARGV[3] + ARGV[6])
local before = tonumber(redis.call('HGET', KEYS[3], scope) or '0')
redis.call('HSET', KEYS[3], scope, text(bytes))
local all = redis.call('HINCRBY', KEYS[3], '', text(bytes - before))
redis.call('ZADD', KEYS[2], text(now), scope)
for index = 1, 3 do
  if redis.call('PTTL', KEYS[index]) < ttl then redis.call('PEXPIRE', KEYS[index], text(ttl)) end
end
local given = 0
for _ = 1, 16 do
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if not oldest or oldest == scope then break end
  local isOver = redis.call('EXISTS', '${SCOPE_PREFIX}' .. oldest) == 0
  local isFull = all > tonumber(ARGV[7]) or redis.call('ZCARD', KEYS[2]) > tonumber(ARGV[8])
  if not isOver and not isFull then break end
  redis.call('UNLINK', '${SCOPE_PREFIX}' .. oldest)
  redis.call('ZREM', KEYS[2], oldest)
  all = redis.call('HINCRBY', KEYS[3], '', text(-tonumber(redis.call('HGET', KEYS[3], oldest) or '0')))
  redis.call('HDEL', KEYS[3], oldest)
  if not isOver then given = given + 1 end
end
return given`,
  /**
   * KEYS: stream, used. ARGV: scope, up to where it was read or nothing, entries at most. Where that is not known any more, it is read from
   * the beginning. Returns the time, up to where it is read now, whether there is more, and of each that is not over: key, until when, vector.
   */
  read: `${NOW}
local from, most = ARGV[2], tonumber(ARGV[3])
local found = redis.call('XRANGE', KEYS[1], from == '' and '-' or from, '+', 'COUNT', most + 1)
if from ~= '' and #found == 0 then
  from = ''
  found = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', most + 1)
end
local told = { now, from, 0 }
if #found == 0 then return told end
redis.pcall('ZADD', KEYS[2], 'XX', text(now), ARGV[1])
local first = found[1][1] == from and 2 or 1
local last = math.min(#found, first - 1 + most)
if #found > most then told[3] = 1 end
for index = first, last do
  local one = {}
  local fields = found[index][2]
  for at = 1, #fields, 2 do one[fields[at]] = fields[at + 1] end
  told[2] = found[index][1]
  if one.k and one.v and (tonumber(one.u or '') or 0) > now then
    told[#told + 1] = one.k
    told[#told + 1] = one.u
    told[#told + 1] = one.v
  end
end
return told`,
} as const;

export type VectorScript = keyof typeof vectorScripts;
