-- Release a claim until the mail is due again.
-- KEYS: ledger record. ARGV: token, due (ms of the mailer's clock), 1 if the attempt failed.
-- Returns 1, or 0 if the claim was lost.
local r = redis.call('HMGET', KEYS[1], 'state', 'token')
if r[1] ~= 'claimed' or r[2] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', 'waiting', 'due', ARGV[2])
redis.call('HDEL', KEYS[1], 'token', 'lease')
if ARGV[3] == '1' then redis.call('HINCRBY', KEYS[1], 'tries', 1) end
return 1
