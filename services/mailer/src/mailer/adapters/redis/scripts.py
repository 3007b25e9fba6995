"""The ledger's changes, each atomic in Redis. Times in milliseconds."""

from __future__ import annotations

from typing import Final

_NOW: Final = """
local t = redis.call('TIME')
local server_now = t[1] * 1000 + math.floor(t[2] / 1000)
"""

ALREADY_FINAL: Final = 0
DEFERRED: Final = 1

# KEYS: the stream, records. ARGV: lease, now, kept, longest wait, then for each a token and its entry. The same token
# may ask again: its answer was lost. An entry that is not there was read before Redis lost its data, and the record of
# what became of it with them: the relay publishes again what is still to be sent. What would be due later than after
# any wait was put off by a clock that is ahead.
# Answers for each {2, tries}: granted; {1, ms}: not now; {0, 0}: over, or not to be sent from this entry.
CLAIM: Final = (
    _NOW
    + """
local answers = {}
local function claim(key, token, entry)
  if #redis.call('XRANGE', KEYS[1], entry, entry) == 0 then return {0, 0} end
  local r = redis.call('HMGET', key, 'state', 'lease', 'due', 'tries', 'token')
  local state = r[1]
  if state == 'sent' or state == 'refused' or state == 'expired' then return {0, 0} end
  if state == 'claimed' and r[5] ~= token and tonumber(r[2]) > server_now then
    return {1, tonumber(r[2]) - server_now}
  end
  local wait = tonumber(r[3] or '0') - tonumber(ARGV[2])
  if state == 'waiting' and wait > 0 and wait <= tonumber(ARGV[4]) then return {1, wait} end
  redis.call('HSET', key, 'state', 'claimed', 'token', token, 'lease', server_now + ARGV[1])
  redis.call('PEXPIRE', key, ARGV[3])
  return {2, tonumber(r[4] or '0')}
end
for i = 1, #KEYS - 1 do answers[i] = claim(KEYS[i + 1], ARGV[2 * i + 3], ARGV[2 * i + 4]) end
return answers
"""
)

# KEYS: record. ARGV: token, due, 1 when a try failed.
DEFER: Final = """
local r = redis.call('HMGET', KEYS[1], 'state', 'token')
if r[1] ~= 'claimed' or r[2] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', 'waiting', 'due', ARGV[2])
redis.call('HDEL', KEYS[1], 'token', 'lease')
if ARGV[3] == '1' then redis.call('HINCRBY', KEYS[1], 'tries', 1) end
return 1
"""

# KEYS: record, receipts, stream, dead letters.
# ARGV: state, at, category, kept, group, entry id, event id, most receipts, dead letter or '', token.
# What was accepted is noted whoever claims the mail by now; any other ending is only for who holds the claim, or
# where Redis has forgotten it. An entry stays pending while its mail is not final.
COMPLETE: Final = """
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
"""

# KEYS: records. ARGV: lease, then the token of each. Answers 1 for each claim that still stands, else 0.
RENEW: Final = (
    _NOW
    + """
local stands = {}
for i, key in ipairs(KEYS) do
  local r = redis.call('HMGET', key, 'state', 'token')
  stands[i] = (r[1] == 'claimed' and r[2] == ARGV[i + 1]) and 1 or 0
  if stands[i] == 1 then redis.call('HSET', key, 'lease', server_now + ARGV[1]) end
end
return stands
"""
)
