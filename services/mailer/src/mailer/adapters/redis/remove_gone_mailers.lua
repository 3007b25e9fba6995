-- Remove silent mailers that have no pending entries from the group, and delete old heartbeats.
-- KEYS: stream, heartbeats. ARGV: group, the consumer of released entries, the longest silence in ms.
-- Returns the names of the removed mailers.
--
-- Removing a consumer drops its pending entries, so the check and the removal must be atomic. The silence is the time
-- since the last heartbeat or the consumer's idle time, whichever is shorter. A mailer of a release without heartbeats
-- has only the idle time, which Redis before 7.2 resets only when an entry is delivered.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local gone, longest = {}, tonumber(ARGV[3])
for _, each in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #each, 2 do consumer[each[i]] = each[i + 1] end
  local name, silence = consumer['name'], consumer['idle']
  local heartbeat = redis.call('ZSCORE', KEYS[2], name)
  if heartbeat then silence = math.min(silence, now - heartbeat) end
  if consumer['pending'] == 0 and silence > longest and name ~= ARGV[2] then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
    gone[#gone + 1] = name
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - longest - 1)
return gone
