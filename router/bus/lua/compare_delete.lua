-- Deletes a key if it holds the value.
-- KEYS[1] key   ARGV[1] value
-- Returns 1 when deleted.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
