-- Acquire a domain's hourly rate limit for one mail. Times are in ms of the mailer's clock.
-- KEYS: the domain's send times, throttled domains. ARGV: event id, limit, now, one hour, end of validity, domain.
-- Returns the milliseconds to wait; 0 if the mail may be sent now.
--
-- A mail may be sent now if fewer than `limit` mails precede it. These are the mails of the past hour and the waiting
-- mails; if the mail has a send time itself, only those whose send times are not later. Otherwise its send time is one
-- hour after that of the mail `limit` positions before it. A mail that expires before its send time is not added. Each
-- event has one send time: another request replaces it.
local now, hour, limit = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - hour)
local own = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
local before = redis.call('ZCARD', KEYS[1])
if own then before = redis.call('ZCOUNT', KEYS[1], '-inf', math.max(now, tonumber(own))) end
local send_at = now
if before >= limit then
  local index = before - limit
  send_at = math.max(now, redis.call('ZRANGE', KEYS[1], index, index, 'WITHSCORES')[2] + hour)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  redis.call('ZADD', KEYS[2], 'GT', send_at, ARGV[6])
  redis.call('PEXPIRE', KEYS[2], 8 * 24 * hour)
end
if send_at == now or send_at < tonumber(ARGV[5]) then redis.call('ZADD', KEYS[1], send_at, ARGV[1]) end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2] or now
redis.call('PEXPIRE', KEYS[1], math.max(last - now, 0) + hour)
return send_at - now
