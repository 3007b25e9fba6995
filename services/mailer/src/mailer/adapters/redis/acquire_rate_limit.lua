-- Let a mail to a domain pass, or return the time that it has to wait.
-- KEYS: the domain's turns, throttled domains. ARGV: event id, limit, now, one hour, end of validity, domain.
-- Returns the milliseconds to wait; 0 when the mail may go now.
--
-- A mail may go when fewer mails than the limit precede it, counting those of the past hour and those with a later turn.
-- Otherwise its turn comes one hour after the turn that is one limit before it, unless it expires earlier. An event has
-- one turn: asking again moves that turn and does not take another.
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
