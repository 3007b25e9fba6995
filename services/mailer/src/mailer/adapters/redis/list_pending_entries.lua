-- List one page of the group's pending entries.
-- KEYS: stream. ARGV: group, first and last entry id, the page size.
-- Returns {entry id, type, event id} for each. Type and event id are empty if the stream no longer has the entry, or if
-- they cannot be read.
local answer = {}
for _, pending in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])) do
  local found, fields = redis.call('XRANGE', KEYS[1], pending[1], pending[1]), {}
  if found[1] then
    for i = 1, #found[1][2], 2 do fields[found[1][2][i]] = found[1][2][i + 1] end
  end
  local read, event = pcall(cjson.decode, fields['ce'] or '')
  answer[#answer + 1] = {pending[1], fields['type'] or '', read and type(event) == 'table' and event['id'] or ''}
end
return answer
