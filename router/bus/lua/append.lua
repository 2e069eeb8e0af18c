-- Appends to a stream, and makes it with a generation of its own when it is
-- not there. A stream begins with an entry without data, so that even "now"
-- in an empty one is the position of an entry. An entry holds up to 8 data,
-- as its fields and values alike; '' fills up the last.
-- KEYS[1] stream  KEYS[2] generation   ARGV[1] generation if made now  ARGV[2] entries kept, about
-- ARGV[3..] an even number of data
-- Returns {generation, last id, number of its data}.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SET', KEYS[2], ARGV[1])
  redis.call('XADD', KEYS[1], '*', 'g', ARGV[1])
end
for i = 3, #ARGV, 8 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', unpack(ARGV, i, math.min(i + 7, #ARGV)))
end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local n = #last[2]
if last[2][n] == '' then n = n - 1 end
return {redis.call('GET', KEYS[2]), last[1], n}
