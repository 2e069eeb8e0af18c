-- Writes one step of the engine if the caller still leads the pool.
-- KEYS[1] lease  KEYS[2] cursor  KEYS[3] commands  KEYS[4] mirror of places (hash: conversation → "queue|key|lane")
-- KEYS[5] offers (hash)  KEYS[6] names of the sorted sets  KEYS[7] events  KEYS[8] their generation
-- ARGV[1] lease  ARGV[2] cursor, may be ''  ARGV[3] prefix of sorted sets  ARGV[4] 1 = forget the old mirror first
-- ARGV[5] generation if made now  ARGV[6] events kept, about
-- then five lists, each after its length: places (conversation, queue, key, rank, lane), conversations that left,
-- offers (id, data), ids of offers that ended, events
-- The sorted sets are named from ARGV[3], which has the same hash tag as KEYS.
-- Returns 1 when written, 0 when another node leads.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local prefix, i = ARGV[3], 7
if ARGV[4] == '1' then
  for _, set in ipairs(redis.call('SMEMBERS', KEYS[6])) do redis.call('DEL', set) end
  redis.call('DEL', KEYS[4], KEYS[5], KEYS[6])
end
local function size() i = i + 1 return tonumber(ARGV[i - 1]) end
local function member(conv) return string.rep('0', 16 - #conv) .. conv end -- equal scores stand in the order of ids
local function add(set, score, conv)
  if redis.call('ZADD', set, score, member(conv)) == 1 and redis.call('ZCARD', set) == 1 then redis.call('SADD', KEYS[6], set) end
end
local function remove(set, conv)
  if redis.call('ZREM', set, member(conv)) == 1 and redis.call('EXISTS', set) == 0 then redis.call('SREM', KEYS[6], set) end
end
local function leave(conv)
  local was = redis.call('HGET', KEYS[4], conv)
  if not was then return end
  local queue, lane = string.match(was, '^(%d+)|%-?%d+|(.*)$')
  remove(prefix .. 'queue:' .. queue, conv)
  remove(prefix .. 'lane:' .. lane, conv)
  redis.call('HDEL', KEYS[4], conv)
end
for _ = 1, size() do
  local conv, queue, key, rank, lane = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  i = i + 5
  leave(conv)
  add(prefix .. 'queue:' .. queue, rank, conv)
  add(prefix .. 'lane:' .. lane, key, conv)
  redis.call('HSET', KEYS[4], conv, queue .. '|' .. key .. '|' .. lane)
end
for _ = 1, size() do leave(ARGV[i]) i = i + 1 end
for _ = 1, size() do redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1]) i = i + 2 end
for _ = 1, size() do redis.call('HDEL', KEYS[5], ARGV[i]) i = i + 1 end
local events = size()
if events > 0 and redis.call('EXISTS', KEYS[7]) == 0 then
  redis.call('SET', KEYS[8], ARGV[5])
  redis.call('XADD', KEYS[7], '*', 'g', ARGV[5])
end
for _ = 1, events do redis.call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[6], '*', 'd', ARGV[i]) i = i + 1 end
if ARGV[2] ~= '' then
  redis.call('SET', KEYS[2], ARGV[2])
  redis.call('XTRIM', KEYS[3], 'MINID', '~', string.match(ARGV[2], '%.(.*)$'))
end
return 1
