-- Counts what waits, by queue.
-- KEYS[1] names of the sorted sets   ARGV[1] prefix of those of queues
-- Returns {queue, count, queue, count, …}.
local out = {}
for _, set in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if string.sub(set, 1, #ARGV[1]) == ARGV[1] then
    out[#out + 1] = string.sub(set, #ARGV[1] + 1)
    out[#out + 1] = redis.call('ZCARD', set)
  end
end
return out
