-- Make the entry of a refused mail pending again and delete its dead letter, unless that changed since it was read.
-- KEYS: ledger record, dead letters, stream.
-- ARGV: event id, entry id, group, consumer, idle time, the dead letter as it was read. Returns a name of RetryResult.
--
-- The entry belongs to the same consumer as the released entries of a stopping mailer, so that the next sweep of any
-- mailer takes it over.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[6] then return 'UNKNOWN' end
if redis.call('HGET', KEYS[1], 'state') ~= 'refused' then return 'NOT_REFUSED' end
if #redis.call('XRANGE', KEYS[3], ARGV[2], ARGV[2]) == 0 then return 'GONE' end
redis.call('XCLAIM', KEYS[3], ARGV[3], ARGV[4], 0, ARGV[2], 'IDLE', ARGV[5], 'FORCE', 'JUSTID')
redis.call('HSET', KEYS[1], 'state', 'waiting', 'due', 0)
redis.call('HDEL', KEYS[1], 'at', 'category')
redis.call('HINCRBY', KEYS[1], 'tries', 1)
redis.call('HDEL', KEYS[2], ARGV[1])
return 'QUEUED'
