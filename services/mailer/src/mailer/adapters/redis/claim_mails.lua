-- Claim mails for sending. Times are in milliseconds.
-- KEYS: the stream, then one ledger record for each mail.
-- ARGV: lease, now (the mailer's clock), retention, longest backoff, group, then a token and an entry id for each mail.
-- Returns one pair for each mail: {2, tries} granted; {1, ms} deferred for that time; {0, 0} final, or entry gone.
--
-- An entry is gone if it was trimmed, if Redis has lost its data since, or if it was read from another server in a
-- failover. It must not be acknowledged: a server that has it as pending lets a mailer take it over, and otherwise the
-- relay publishes the event again if its mail still has to be sent. The entry of a final mail is acknowledged here,
-- because a later command could reach another server. The same token may claim again, because the first answer may have
-- been lost. A `due` further ahead than the longest backoff was written by a clock that runs ahead, and is ignored.
local t = redis.call('TIME')
local server_now = t[1] * 1000 + math.floor(t[2] / 1000)

local answers = {}
local function claim(key, token, entry)
  if #redis.call('XRANGE', KEYS[1], entry, entry) == 0 then return {0, 0} end
  local r = redis.call('HMGET', key, 'state', 'lease', 'due', 'tries', 'token')
  local state = r[1]
  if state == 'sent' or state == 'refused' or state == 'expired' then
    redis.call('XACK', KEYS[1], ARGV[5], entry)
    return {0, 0}
  end
  if state == 'claimed' and r[5] ~= token and tonumber(r[2]) > server_now then
    return {1, tonumber(r[2]) - server_now}
  end
  local wait = tonumber(r[3] or '0') - tonumber(ARGV[2])
  if state == 'waiting' and wait > 0 and wait <= tonumber(ARGV[4]) then return {1, wait} end
  redis.call('HSET', key, 'state', 'claimed', 'token', token, 'lease', server_now + ARGV[1])
  redis.call('PEXPIRE', key, ARGV[3])
  return {2, tonumber(r[4] or '0')}
end
for i = 1, #KEYS - 1 do answers[i] = claim(KEYS[i + 1], ARGV[2 * i + 4], ARGV[2 * i + 5]) end
return answers
