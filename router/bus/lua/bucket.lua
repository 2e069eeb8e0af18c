-- Takes tokens from a bucket that refills.
-- KEYS[1] bucket (hash: tokens, at)   ARGV[1] tokens to take  ARGV[2] size  ARGV[3] tokens per second
-- Returns -1 when taken, else the ms to wait.
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local n, size, rate = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local b = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = math.min(size, (tonumber(b[1]) or size) + math.max(0, now - (tonumber(b[2]) or now)) / 1000 * rate)
local wait = -1
if tokens >= n then tokens = tokens - n else wait = math.ceil((n - tokens) / rate * 1000) end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((size - tokens) / rate * 1000) + 1000)
return wait
