/**
 * What Redis does in one step each. Time is that of Redis, whole milliseconds, so nodes need not agree on a clock.
 *
 * A script that begins with `#!lua` is refused as a whole where memory is full (Redis 7), `allow-oom` takes that back; one
 * that does not begin so is refused at its first write that needs memory.
 */

const NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** An index of a sharer is there for as long as the last of his jobs. */
const LAST_AS_LONG = (key: string, ms: string): string =>
  `if redis.call('PTTL', ${key}) < tonumber(${ms}) then redis.call('PEXPIRE', ${key}, ${ms}) end`;

export const LOOK = `${NOW}
local job = redis.call('HMGET', KEYS[1], 'record', 'version')
return { job[1], job[2], now }`;

/**
 * KEYS: job, index, index of its sharer. ARGV: id; its record, begun at 0, without `createdMs` and `leaseUntilMs`; what those
 * two are after its beginning; likewise its expiry; how many jobs there may be, and how many of one sharer.
 */
export const CREATE = `#!lua
${NOW}
local function at(ms) return string.format('%.0f', now + ms) end
for index = 2, 3 do redis.call('ZREMRANGEBYSCORE', KEYS[index], '-inf', now) end
local stored = redis.call('ZCARD', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 1 then return { 'created', stored } end
if stored >= tonumber(ARGV[6]) then return { 'full', stored } end
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[7]) then return { 'share', stored } end
local record = '{"createdMs":' .. at(ARGV[3]) .. ',"leaseUntilMs":' .. at(ARGV[4]) .. ',' .. string.sub(ARGV[2], 2)
redis.call('HSET', KEYS[1], 'record', record, 'state', 'pending', 'version', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
for index = 2, 3 do redis.call('ZADD', KEYS[index], at(ARGV[5]), ARGV[1]) end
${LAST_AS_LONG('KEYS[3]', 'ARGV[5]')}
return { 'created', stored + 1 }`;

/**
 * KEYS: job, its body, index, index of its sharer. ARGV: version that was read, record, state, time to live, time of expiry, id, whether the
 * result goes.
 *
 * Allowed where memory is full: a record is small and there already, and its end frees a result. Were it refused, one job
 * that is too large would let all that run be lost.
 */
export const SWAP = `#!lua flags=allow-oom
local version = redis.call('HGET', KEYS[1], 'version')
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'record', ARGV[2], 'state', ARGV[3], 'version', tonumber(version) + 1)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if ARGV[7] == '1' then redis.call('DEL', KEYS[2]) else redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
for index = 3, 4 do redis.call('ZADD', KEYS[index], ARGV[5], ARGV[6]) end
${LAST_AS_LONG('KEYS[4]', 'ARGV[4]')}
return 1`;

/** KEYS: job, its body. ARGV: number of the piece, its bytes. */
export const WRITE = `if redis.call('HGET', KEYS[1], 'state') ~= 'pending' then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[1]))
return 1`;

/** KEYS: job, its body, index, index of its sharer. ARGV: id, channel that is told. */
export const FORGET = `redis.call('DEL', KEYS[1], KEYS[2])
for index = 3, 4 do redis.call('ZREM', KEYS[index], ARGV[1]) end
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1`;

/** KEYS: index. How many jobs are kept, without those that have expired. */
export const COUNT = `${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZCARD', KEYS[1])`;
