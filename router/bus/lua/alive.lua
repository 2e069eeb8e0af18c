-- Lists the live sockets and forgets those that ended.
-- KEYS[1] sockets
-- Returns {"agent:node", …}.
local t = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', t[1] * 1000 + math.floor(t[2] / 1000))
return redis.call('ZRANGE', KEYS[1], 0, -1)
