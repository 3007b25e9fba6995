-- Record the outcome of a mail, write its receipt, write or delete its dead letter, and acknowledge its entry.
-- KEYS: ledger record, receipts, stream, dead letters.
-- ARGV: state, at, category, retention, group, entry id, event id, receipts to keep, dead letter or '', token.
--
-- An acceptance is recorded in any state but `sent`. Another outcome is recorded only if the token owns the claim, or
-- if Redis has lost the ledger record. If nothing is recorded and the mail is not final, the entry stays pending.
local r = redis.call('HMGET', KEYS[1], 'state', 'token')
local state, token = r[1], r[2]
local final = state == 'sent' or state == 'refused' or state == 'expired'
if state ~= 'sent' and (ARGV[1] == 'sent' or not state or (not final and token == ARGV[10])) then
  redis.call('HSET', KEYS[1], 'state', ARGV[1], 'at', ARGV[2], 'category', ARGV[3])
  redis.call('HDEL', KEYS[1], 'token', 'lease', 'due')
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[8], '*',
    'event_id', ARGV[7], 'state', ARGV[1], 'at', ARGV[2], 'category', ARGV[3])
  if ARGV[9] ~= '' then redis.call('HSET', KEYS[4], ARGV[7], ARGV[9]) else redis.call('HDEL', KEYS[4], ARGV[7]) end
  final = true
end
if final then redis.call('XACK', KEYS[3], ARGV[5], ARGV[6]) end
return 1
