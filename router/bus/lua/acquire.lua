-- Takes the lease if nobody has it, or renews it if the caller has it.
-- KEYS[1] lease   ARGV[1] value  ARGV[2] ms
-- Returns 1 when the caller has it.
local now = redis.call('GET', KEYS[1])
if now and now ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
