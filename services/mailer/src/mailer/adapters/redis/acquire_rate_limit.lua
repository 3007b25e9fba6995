-- Return whether a mail to a domain may be sent now, or how long it has to wait.
-- KEYS: the domain's turns, throttled domains. ARGV: event id, limit, now, one hour, end of validity, domain.
-- Returns the milliseconds to wait; 0 if the mail may be sent now.
--
-- A mail may be sent if fewer mails than the limit precede it, counting mails of the past hour and mails with a turn.
-- Otherwise its turn is one hour after the turn of the mail that is `limit` places before it; a mail that expires before
-- its turn gets none. An event has one turn: another request moves the turn.
local now, hour, limit = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - hour)
local mine = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
local before = redis.call('ZCARD', KEYS[1])
if mine then before = redis.call('ZCOUNT', KEYS[1], '-inf', math.max(now, tonumber(mine))) end
local turn = now
if before >= limit then
  local place = before - limit
  turn = math.max(now, redis.call('ZRANGE', KEYS[1], place, place, 'WITHSCORES')[2] + hour)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  redis.call('ZADD', KEYS[2], 'GT', turn, ARGV[6])
  redis.call('PEXPIRE', KEYS[2], 8 * 24 * hour)
end
if turn == now or turn < tonumber(ARGV[5]) then redis.call('ZADD', KEYS[1], turn, ARGV[1]) end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2] or now
redis.call('PEXPIRE', KEYS[1], math.max(last - now, 0) + hour)
return turn - now
