-- Gives an offer to the first who asks.
-- KEYS[1] offers   ARGV[1] offer
-- Returns its data, or false.
local data = redis.call('HGET', KEYS[1], ARGV[1])
if data then redis.call('HDEL', KEYS[1], ARGV[1]) end
return data
