/**
 * What is done inside Redis, each in one step that nothing comes between. Redis 7 is needed: a purge must be written down
 * when its memory is full (`allow-oom`), and a look-up writes nothing.
 *
 *   {weir:cache}:marks     hash: epoch, run, seq, and the marks of purges (generations.ts); without an end
 *   {weir:cache}:log       stream of the latest purges, by number: b node, t what, or nothing; without an end
 *   {weir:cache}:k:DIGEST  hash: a response, or the index of the variants of one; expires
 *       e epoch · s number at its begin · a asked · f fields of marks · h head · n pieces · b id of the body · p short body
 *       g generation · v lines of the fields that it varied by, the latest first
 *       x epoch and number at which it was forgotten: what began before that is not stored here any more
 *   {weir:cache}:b:ID      hash: number of the piece → bytes, of a body that is too long for its response; expires
 *   {weir:cache}:l:DIGEST  token of the node that fetches this for all, or `-`: each for itself; expires
 *
 * A body is written whole before the response that leads to it, under an id of its own, so nobody finds half of one, or a
 * mixture of two; that of a response which is replaced stays for those who are still reading it.
 */

/** Of keys; the braces keep all of them in one slot. */
export const KEYS = '{weir:cache}:';
export const MARKS_KEY = `${KEYS}marks`;
export const LOG_KEY = `${KEYS}log`;
export const entryKey = (digest: string): string => `${KEYS}k:${digest}`;
export const leaseKey = (digest: string): string => `${KEYS}l:${digest}`;
export const BODY_PREFIX = `${KEYS}b:`;
export const bodyKey = (id: string): string => `${BODY_PREFIX}${id}`;

/** KEYS: marks, log. ARGV: an epoch to begin with; 1 when whatever is there is not believed. → epoch, seq, time. */
const ADOPT = `#!lua flags=allow-oom
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local key = KEYS[1]
local isOurs = redis.call('TYPE', key).ok == 'hash' and ARGV[2] ~= '1'
local epoch = isOurs and redis.call('HGET', key, 'epoch')
local seq = isOurs and tonumber(redis.call('HGET', key, 'seq') or '')
if not epoch or not seq or redis.call('HGET', key, 'run') ~= run then
  epoch = ARGV[1]
  seq = 0
  redis.call('UNLINK', key, KEYS[2])
  redis.call('HSET', key, 'epoch', epoch, 'run', run, 'seq', seq)
end
local time = redis.call('TIME')
return { epoch, seq, time[1] * 1000 + math.floor(time[2] / 1000) }`;

/**
 * KEYS: marks; places of which the first that holds something is told of. ARGV: prefix of bodies.
 * → epoch, seq, time; and for an index: 'index', g, v; for a response: 'entry', which of the places, s, h, marks, n, b, pieces
 * that are there, p or the first piece.
 */
const LOOK = `#!lua flags=no-writes
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.pcall('HMGET', KEYS[1], 'epoch', 'seq')
local epoch, seq = known[1], known[2]
if known.err or not epoch or not seq then return { false, false, now, 'none' } end
for i = 2, #KEYS do
  local g, v, e, s, f, h, n, b, p = unpack(redis.call('HMGET', KEYS[i], 'g', 'v', 'e', 's', 'f', 'h', 'n', 'b', 'p'))
  if g then return { epoch, seq, now, 'index', g, v } end
  if h and e == epoch and f and #f <= 10000 then
    local fields = {}
    for field in string.gmatch(f, '%S+') do fields[#fields + 1] = field end
    local marks = redis.call('HMGET', KEYS[1], unpack(fields))
    local there = 0
    if b and b ~= '' then
      there = redis.call('HLEN', ARGV[1] .. b)
      p = redis.call('HGET', ARGV[1] .. b, '0')
    end
    return { epoch, seq, now, 'entry', i - 1, s, h, marks, n, b, there, p }
  end
end
return { epoch, seq, now, 'none' }`;

/**
 * KEYS: marks, log. ARGV: field, whether it is soft, marks at most, prefixes of a host at most, length and digest of a prefix, its
 * host; node, text, lines at most of the log. A line that can't be written is a gap to those who read. → seq, 0: all is purged
 */
const MARK = `#!lua flags=allow-oom
local key, field = KEYS[1], ARGV[1]
if redis.call('HEXISTS', key, 'epoch') == 0 then return 0 end
local seq = redis.call('HINCRBY', key, 'seq', 1)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function raised(hard, soft, at)
  if ARGV[2] == '1' then return string.format('%d %d %d', hard or 0, seq, now) end
  return string.format('%d %d %d', seq, soft or 0, at or 0)
end
local before = redis.call('HGET', key, field) or ''
if ARGV[5] == '' then
  redis.call('HSET', key, field, raised(string.match(before, '^(%d+) (%d+) (%d+)$')))
else
  local own, kept, count = ARGV[5] .. ' ' .. ARGV[6] .. ' ', '', 0
  local hard, soft, at
  for line in string.gmatch(before, '[^\\n]+') do
    if string.sub(line, 1, #own) == own then
      hard, soft, at = string.match(string.sub(line, #own + 1), '^(%d+) (%d+) (%d+)$')
    else
      kept = kept .. line .. '\\n'
      count = count + 1
    end
  end
  if count < tonumber(ARGV[4]) then
    redis.call('HSET', key, field, kept .. own .. raised(hard, soft, at) .. '\\n')
  else
    redis.call('HDEL', key, field)
    redis.call('HSET', key, ARGV[7], string.format('%d 0 0', seq))
  end
end
if redis.call('HLEN', key) > tonumber(ARGV[3]) then
  local epoch, run = unpack(redis.call('HMGET', key, 'epoch', 'run'))
  redis.call('UNLINK', key)
  redis.call('HSET', key, 'epoch', epoch, 'run', run or '', 'seq', seq, 'all', string.format('%d 0 0', seq))
end
redis.pcall('XADD', KEYS[2], 'MAXLEN', '=', ARGV[10], string.format('%d-0', seq), 'b', ARGV[8], 't', ARGV[9])
return seq`;

/** KEYS: marks, log. ARGV: a number, or nothing; lines at most. → epoch, seq, time, and lines of the log after that number */
const SINCE = `#!lua flags=no-writes
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.pcall('HMGET', KEYS[1], 'epoch', 'seq')
local epoch, seq = known[1], known[2]
if known.err or not epoch or not seq then return { false, false, now, {} } end
local from = tonumber(ARGV[1])
if not from or from >= tonumber(seq) then return { epoch, seq, now, {} } end
local lines = redis.pcall('XRANGE', KEYS[2], string.format('%d-0', from + 1), '+', 'COUNT', ARGV[2])
if lines.err then return { epoch, seq, now, {} } end
return { epoch, seq, now, lines }`;

/** KEYS: marks, place, log. ARGV: how long it is remembered; node, lines at most of the log. → seq, 0: all is purged */
const FORGET = `#!lua flags=allow-oom
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then return 0 end
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('UNLINK', KEYS[2])
redis.call('HSET', KEYS[2], 'x', redis.call('HGET', KEYS[1], 'epoch') .. ' ' .. seq)
redis.call('PEXPIRE', KEYS[2], ARGV[1])
redis.pcall('XADD', KEYS[3], 'MAXLEN', '=', ARGV[3], string.format('%d-0', seq), 'b', ARGV[2], 't', '')
return seq`;

/** KEYS: body. ARGV: number of the piece, bytes, how long it is kept for its response to come. */
const PIECE = `#!lua
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;

/** KEYS: place of the index. ARGV: names, a generation to begin with, time to live, sets of names at most. → generation */
const PLACE = `#!lua
local key = KEYS[1]
local g, v, x, b = unpack(redis.call('HMGET', key, 'g', 'v', 'x', 'b'))
local ttl = math.max(tonumber(ARGV[3]), redis.call('PTTL', key))
if not g then
  redis.call('UNLINK', key)
  g = ARGV[2]
  v = ''
  redis.call('HSET', key, 'g', g)
  if x then redis.call('HSET', key, 'x', x) end
end
local lines, count = ARGV[1] .. '\\n', 1
for line in string.gmatch(v, '([^\\n]*)\\n') do
  if line ~= ARGV[1] and count < tonumber(ARGV[4]) then
    lines = lines .. line .. '\\n'
    count = count + 1
  end
end
if lines ~= v then redis.call('HSET', key, 'v', lines) end
redis.call('PEXPIRE', key, ttl)
return g`;

/**
 * KEYS: marks, place, place of the index or the same again, lease. ARGV: epoch, s, a, f, h, n, b, p, time to live, token of a
 * lease that ends with this, prefix of bodies, how long a replaced body stays. → what became of it; 'index', g: there is one
 */
const COMMIT = `#!lua
local key = KEYS[2]
local function over(outcome)
  if ARGV[10] ~= '' and redis.call('GET', KEYS[4]) == ARGV[10] then redis.call('DEL', KEYS[4]) end
  return { outcome }
end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return over('lost') end
local x, g = unpack(redis.call('HMGET', KEYS[3], 'x', 'g'))
local since, at = string.match(x or '', '^(%S+) (%d+)$')
if since == ARGV[1] and tonumber(at) > tonumber(ARGV[2]) then return over('forgotten') end
if g and key == KEYS[3] then return { 'index', g } end
local e, a, b = unpack(redis.call('HMGET', key, 'e', 'a', 'b'))
if e == ARGV[1] and a and tonumber(a) > tonumber(ARGV[3]) then return over('older') end
local ttl = tonumber(ARGV[9])
if ARGV[7] ~= '' then
  local body = ARGV[11] .. ARGV[7]
  if redis.call('HLEN', body) ~= tonumber(ARGV[6]) then return over('broken') end
  redis.call('PEXPIRE', body, ttl)
end
if x then ttl = math.max(ttl, redis.call('PTTL', KEYS[3])) end
redis.call('UNLINK', key)
redis.call('HSET', key, 'e', ARGV[1], 's', ARGV[2], 'a', ARGV[3], 'f', ARGV[4], 'h', ARGV[5], 'n', ARGV[6], 'b', ARGV[7])
if ARGV[7] == '' then redis.call('HSET', key, 'p', ARGV[8]) end
if x and key == KEYS[3] then redis.call('HSET', key, 'x', x) end
redis.call('PEXPIRE', key, ttl)
if b and b ~= '' and b ~= ARGV[7] then
  local old = ARGV[11] .. b
  if redis.call('PTTL', old) > tonumber(ARGV[12]) then redis.call('PEXPIRE', old, ARGV[12]) end
end
return over('kept')`;

/** KEYS: lease. ARGV: token, time to live. → 1: taken, 0: another's, 2: each for itself */
const LEASE = `#!lua
local holder = redis.call('GET', KEYS[1])
if not holder then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
return holder == '-' and 2 or 0`;

/** KEYS: lease. ARGV: token, time to live; 0: it ends; whether it ends in each for itself, and for how long. → 1: it was held */
const HOLD = `#!lua flags=allow-oom
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[2])
elseif ARGV[3] ~= '0' then redis.call('SET', KEYS[1], '-', 'PX', ARGV[3])
else redis.call('DEL', KEYS[1]) end
return 1`;

export const scripts = {
  adopt: ADOPT,
  look: LOOK,
  mark: MARK,
  forget: FORGET,
  since: SINCE,
  piece: PIECE,
  place: PLACE,
  commit: COMMIT,
  lease: LEASE,
  hold: HOLD,
} as const;
export type ScriptName = keyof typeof scripts;
