-- Count the entries of one page of the stream by event type.
-- KEYS: stream. ARGV: the id to start after, the page size.
-- Returns the last id of the page ('' if it is empty), then {type, count, first id} for each event type.
local counts, firsts, last = {}, {}, ''
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])) do
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  last = entry[1]
  if fields['type'] then
    counts[fields['type']] = (counts[fields['type']] or 0) + 1
    firsts[fields['type']] = firsts[fields['type']] or last
  end
end
local answer = {last}
for type, count in pairs(counts) do answer[#answer + 1] = {type, count, firsts[type]} end
return answer
