-- Extend the leases of claims.
-- KEYS: ledger records. ARGV: lease, then the token of each. Returns 1 for each claim that is still held, otherwise 0.
local t = redis.call('TIME')
local server_now = t[1] * 1000 + math.floor(t[2] / 1000)

local held = {}
for i, key in ipairs(KEYS) do
  local r = redis.call('HMGET', key, 'state', 'token')
  held[i] = (r[1] == 'claimed' and r[2] == ARGV[i + 1]) and 1 or 0
  if held[i] == 1 then redis.call('HSET', key, 'lease', server_now + ARGV[1]) end
end
return held
