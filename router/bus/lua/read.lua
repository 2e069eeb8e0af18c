-- Reads what stands after a position. The position must be in an entry that
-- is still there: then nothing after it can have been trimmed.
-- KEYS[1] stream  KEYS[2] generation
-- ARGV[1] generation ('' = from the beginning)  ARGV[2] id of an entry  ARGV[3] number of its data that were read  ARGV[4] enough data
-- Returns 0 when the position is gone, else {generation, {id, data…}, {id, data…}, …}. The first entry is that of the
-- position and whole, and the last may hold more than was asked for.
local gen = redis.call('GET', KEYS[2])
local out, left = {gen or ''}, ARGV[4] + ARGV[3] + ARGV[3] % 2
if ARGV[1] ~= '' and gen ~= ARGV[1] then return 0 end
local from = ARGV[1] == '' and '-' or ARGV[2]
while left > 0 do
  local found = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', math.min(left, 128))
  if #out == 1 and ARGV[1] ~= '' and (not found[1] or found[1][1] ~= ARGV[2]) then return 0 end
  for _, e in ipairs(found) do
    if e[2][1] ~= 'g' then left = left - #e[2] end
    out[#out + 1] = e
    if left <= 0 then return out end
    from = '(' .. e[1]
  end
  if #found == 0 then break end
end
return out
