-- Return the names of those commands below that the current user may not run with these keys.
-- KEYS: stream, receipts, a ledger key, a queue key.
local needed = {
  {'XREADGROUP', 'GROUP', 'mailer', 'check', 'COUNT', '1', 'STREAMS', KEYS[1], '>'},
  {'XACK', KEYS[1], 'mailer', '0-1'}, {'XRANGE', KEYS[1], '-', '+'},
  {'XAUTOCLAIM', KEYS[1], 'mailer', 'check', '0', '0'}, {'XCLAIM', KEYS[1], 'mailer', 'check', '0', '0-1'},
  {'XADD', KEYS[2], '*', 'a', 'b'}, {'HSET', KEYS[3], 'a', 'b'}, {'RPUSH', KEYS[4], 'a'},
  {'ZADD', KEYS[4], '1', 'a'},
}
local missing = {}
for _, command in ipairs(needed) do
  if not redis.acl_check_cmd(unpack(command)) then table.insert(missing, command[1]) end
end
return missing
