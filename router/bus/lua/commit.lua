-- Writes one step of the engine if the caller still leads the pool. What it
-- writes to one key goes in one call: calls, not bytes, are what costs.
-- KEYS[1] lease  KEYS[2] cursor  KEYS[3] commands  KEYS[4] mirror of places (hash: conversation → "queue|key|lane")
-- KEYS[5] offers (hash)  KEYS[6] names of the sorted sets  KEYS[7] events  KEYS[8] their generation
-- ARGV[1] lease  ARGV[2] cursor, may be ''  ARGV[3] prefix of sorted sets  ARGV[4] 1 = forget the old mirror first
-- ARGV[5] generation if made now  ARGV[6] events kept, about
-- then five lists, each after the number of its values: places (conversation, queue, key, rank, lane), conversations
-- that left, offers (id, data), ids of offers that ended, events (an even number, '' fills up). Of two words on one conversation the later counts.
-- The sorted sets are named from ARGV[3], which has the same hash tag as KEYS.
-- Returns 1 when written, 0 when another node leads.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local prefix = ARGV[3]
if ARGV[4] == '1' then
  for _, set in ipairs(redis.call('SMEMBERS', KEYS[6])) do redis.call('DEL', set) end
  redis.call('DEL', KEYS[4], KEYS[5], KEYS[6])
end

-- call runs a command with as many values as Lua's stack takes at a time.
local function call(command, key, values, from, to)
  for i = from or 1, to or #values, 4000 do
    redis.call(command, key, unpack(values, i, math.min(i + 3999, to or #values)))
  end
end
local first, last = 0, 6
local function list() first, last = last + 2, last + 1 + ARGV[last + 1] end

-- The last word on each conversation: where its place stands in ARGV, or 0.
local convs, word = {}, {}
local function note(conv, at)
  if not word[conv] then convs[#convs + 1] = conv end
  word[conv] = at
end
list()
for i = first, last, 5 do note(ARGV[i], i) end
list()
for i = first, last do note(ARGV[i], 0) end

local added, removed, written, gone = {}, {}, {}, {}
local function into(sets, name)
  local set = sets[name]
  if not set then set = {} sets[name] = set end
  return set
end
local function put(name, score, conv)
  local set = into(added, name)
  set[#set + 1] = score
  set[#set + 1] = conv
end
local function drop(name, conv)
  local set = into(removed, name)
  set[#set + 1] = conv
end
for from = 1, #convs, 4000 do
  local before = redis.call('HMGET', KEYS[4], unpack(convs, from, math.min(from + 3999, #convs)))
  for n, old in ipairs(before) do
    local conv = convs[from + n - 1]
    local at, queue, lane = word[conv], nil, nil
    if at > 0 then
      queue, lane = 'queue:' .. ARGV[at + 1], 'lane:' .. ARGV[at + 4]
      put(queue, ARGV[at + 3], conv)
      put(lane, ARGV[at + 2], conv)
      written[#written + 1] = conv
      written[#written + 1] = ARGV[at + 1] .. '|' .. ARGV[at + 2] .. '|' .. ARGV[at + 4]
    elseif old then
      gone[#gone + 1] = conv
    end
    if old then
      local oldQueue, oldLane = string.match(old, '^(%d+)|%-?%d+|(.*)$')
      oldQueue, oldLane = 'queue:' .. oldQueue, 'lane:' .. oldLane
      if oldQueue ~= queue then drop(oldQueue, conv) end
      if oldLane ~= lane then drop(oldLane, conv) end
    end
  end
end
local names, empty = {}, {}
for name, set in pairs(added) do
  call('ZADD', prefix .. name, set)
  names[#names + 1] = prefix .. name
end
call('SADD', KEYS[6], names)
for name, set in pairs(removed) do
  call('ZREM', prefix .. name, set)
  if redis.call('EXISTS', prefix .. name) == 0 then empty[#empty + 1] = prefix .. name end
end
call('SREM', KEYS[6], empty)
call('HSET', KEYS[4], written)
call('HDEL', KEYS[4], gone)

list()
call('HSET', KEYS[5], ARGV, first, last)
list()
call('HDEL', KEYS[5], ARGV, first, last)
list()
if last >= first and redis.call('EXISTS', KEYS[7]) == 0 then
  redis.call('SET', KEYS[8], ARGV[5])
  redis.call('XADD', KEYS[7], '*', 'g', ARGV[5])
end
for i = first, last, 8 do -- as append.lua does
  redis.call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[6], '*', unpack(ARGV, i, math.min(i + 7, last)))
end
if ARGV[2] ~= '' then
  redis.call('SET', KEYS[2], ARGV[2])
  redis.call('XTRIM', KEYS[3], 'MINID', '~', string.match(ARGV[2], '%.(.*):'))
end
return 1
