-- Keeps an agent's socket on a node alive.
-- KEYS[1] sockets (sorted set: "agent:node", ends at)   ARGV[1] "agent:node"  ARGV[2] ms
local t = redis.call('TIME')
redis.call('ZADD', KEYS[1], t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.max(ARGV[2] + 1000, redis.call('PTTL', KEYS[1])))
return 1
