-- Reads what stands after a position. The position must be that of an entry
-- that is still there: then nothing after it can have been trimmed.
-- KEYS[1] stream  KEYS[2] generation   ARGV[1] generation ('' = from the beginning)  ARGV[2] id  ARGV[3] most entries
-- Returns 0 when the position is gone, else {generation, id, data, id, data, …} ('' for the first entry's data).
local gen = redis.call('GET', KEYS[2])
local out = {gen or ''}
local found
if ARGV[1] == '' then
  found = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[3] + 1)
  if found[1] and found[1][2][1] == 'd' then found[ARGV[3] + 1] = nil end
else
  if gen ~= ARGV[1] then return 0 end
  found = redis.call('XRANGE', KEYS[1], ARGV[2], '+', 'COUNT', ARGV[3] + 1)
  if not found[1] or found[1][1] ~= ARGV[2] then return 0 end
  table.remove(found, 1)
end
for _, e in ipairs(found) do
  out[#out + 1] = e[1]
  out[#out + 1] = e[2][1] == 'd' and e[2][2] or ''
end
return out
