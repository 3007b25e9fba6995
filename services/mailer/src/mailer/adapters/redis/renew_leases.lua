-- Extend the leases of the claims that their tokens still own.
-- KEYS: ledger records. ARGV: lease in ms, then a token for each record.
-- Returns 1 for each owned claim, 0 for each lost claim.
local t = redis.call('TIME')
local server_now = t[1] * 1000 + math.floor(t[2] / 1000)

local owned = {}
for i, key in ipairs(KEYS) do
  local r = redis.call('HMGET', key, 'state', 'token')
  owned[i] = (r[1] == 'claimed' and r[2] == ARGV[i + 1]) and 1 or 0
  if owned[i] == 1 then redis.call('HSET', key, 'lease', server_now + ARGV[1]) end
end
return owned
