-- Says where a conversation stands in its queue.
-- KEYS[1] mirror of places   ARGV[1] conversation  ARGV[2] prefix of sorted sets (same hash tag)
-- Returns {place, waiting}; {0, 0} when it does not wait.
local was = redis.call('HGET', KEYS[1], ARGV[1])
if not was then return {0, 0} end
local set = ARGV[2] .. 'queue:' .. string.match(was, '^(%d+)')
local rank = redis.call('ZRANK', set, ARGV[1])
return {rank and rank + 1 or 0, redis.call('ZCARD', set)}
