/** What Redis does of streams, in one step each. Time is that of Redis, so that nodes need not agree on a clock. */

const NOW = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

export const streamScripts = {
  /** KEYS: stream, index of its route. ARGV: id, what is told of it, lease, life until it is heard of again, how many there may be. */
  begin: `#!lua
${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], 'about', ARGV[2], 'state', 'running', 'failure', '', 'lease', string.format('%.0f', now + ARGV[3]), 'read', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[4]), ARGV[1])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
return 1`,
  /** KEYS: stream, its events, index. ARGV: id, number of the first event, lease, life, events … Returns since when nobody has read it; -1: gone. */
  append: `#!lua
${NOW}
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return -1 end
local there = redis.call('LLEN', KEYS[2])
local at = tonumber(ARGV[2])
if at > there then return -1 end
for i = 5 + there - at, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
redis.call('HSET', KEYS[1], 'lease', string.format('%.0f', now + ARGV[3]))
for index = 1, 2 do redis.call('PEXPIRE', KEYS[index], ARGV[4]) end
redis.call('ZADD', KEYS[3], string.format('%.0f', now + ARGV[4]), ARGV[1])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[3], ARGV[4]) end
return now - tonumber(redis.call('HGET', KEYS[1], 'read'))`,
  /** KEYS: stream, its events, index. ARGV: id, state, failure, how long it is kept. Also where memory is full: it frees some in the end. */
  end: `#!lua flags=allow-oom
${NOW}
if redis.call('HGET', KEYS[1], 'state') ~= 'running' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'failure', ARGV[3])
if ARGV[2] == 'tooLong' then redis.call('DEL', KEYS[2]) end
for index = 1, 2 do redis.call('PEXPIRE', KEYS[index], ARGV[4]) end
redis.call('ZADD', KEYS[3], string.format('%.0f', now + ARGV[4]), ARGV[1])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[3], ARGV[4]) end
return 1`,
  /** KEYS: stream, its events. ARGV: from which, up to which, 1 where whoever reads may: that is written down, if there is memory for it. */
  read: `#!lua flags=allow-oom
${NOW}
local about = redis.call('HMGET', KEYS[1], 'about', 'state', 'failure', 'lease')
if not about[1] then return {} end
if ARGV[3] == '1' then redis.call('HSET', KEYS[1], 'read', string.format('%.0f', now)) end
local isLost = 0
if now > tonumber(about[4]) then isLost = 1 end
return { about[1], about[2], about[3], isLost, redis.call('LLEN', KEYS[2]), redis.call('LRANGE', KEYS[2], ARGV[1], ARGV[2]) }`,
} as const;

export type StreamScript = keyof typeof streamScripts;
