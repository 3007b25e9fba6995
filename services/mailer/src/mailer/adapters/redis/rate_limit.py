"""Each receiving domain's ceiling, kept by all mailers together (MAIL-5).

`mailer:turns:<domain>` holds the events of the last hour that were let through, and those that have a turn to come,
by the instant of it (ms by our clock, as the ledger's `due`). `mailer:turns` holds the domains over their ceiling
by the last turn that was given, for operators to see.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from port_events.envelope import as_text

from mailer.adapters.redis.connection import Script
from mailer.domain.rate_limits import plain_domain
from mailer.usecases.queue_stats import ThrottledDomain

if TYPE_CHECKING:
    from datetime import datetime

    import redis

    from mailer.adapters.redis.connection import ThreadConnections
    from mailer.domain.rate_limits import DomainRateLimits
    from mailer.usecases.ports import Clock

TURNS: Final = "mailer:turns"
HOUR_MS: Final = 3600 * 1000
MAX_SHOWN: Final = 20

# KEYS: the domain's turns, domains over their ceiling. ARGV: event id, ceiling, now, hour, end of validity, domain.
# Answers the ms to wait, 0 when the mail may go now. A mail goes when fewer than the ceiling stand before it, in the
# hour behind us and among the turns to come. Otherwise its turn is an hour after the one a whole ceiling before it,
# unless the mail is not valid so long. An event has one turn: asking again moves it, it takes no second.
_ASK: Final = """
local now, hour, ceiling = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - hour)
local mine = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
local before = redis.call('ZCARD', KEYS[1])
if mine then before = redis.call('ZCOUNT', KEYS[1], '-inf', math.max(now, tonumber(mine))) end
local turn = now
if before >= ceiling then
  local place = before - ceiling
  turn = math.max(now, redis.call('ZRANGE', KEYS[1], place, place, 'WITHSCORES')[2] + hour)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  redis.call('ZADD', KEYS[2], 'GT', turn, ARGV[6])
  redis.call('PEXPIRE', KEYS[2], 8 * 24 * hour)
end
if turn == now or turn < tonumber(ARGV[5]) then redis.call('ZADD', KEYS[1], turn, ARGV[1]) end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2] or now
redis.call('PEXPIRE', KEYS[1], math.max(last - now, 0) + hour)
return turn - now
"""


class RedisDomainRateLimit:
    """See `mailer.usecases.ports.Turns`; safe between threads, raises what redis raises."""

    def __init__(self, connections: ThreadConnections, ceilings: DomainRateLimits, *, clock: Clock) -> None:
        self._ceilings, self._clock = ceilings, clock
        self._ask = Script(connections, _ASK)

    def acquire(self, event_id: str, domain: str, *, expires_at: datetime) -> datetime | None:
        """Return None when the mail may go now, else its turn."""
        ceiling = self._ceilings.of(domain)
        if ceiling is None:
            return None
        now, name = self._clock.now(), plain_domain(domain)
        arguments = [event_id, ceiling, _ms(now), HOUR_MS, _ms(expires_at), name]
        wait_ms = self._ask.run([f"{TURNS}:{name}", TURNS], arguments)
        return now + timedelta(milliseconds=int(wait_ms)) if wait_ms else None


def throttled_domains(client: redis.Redis, now: datetime) -> list[ThrottledDomain]:
    """Return the domains whose mails have a turn to come, with how many; the longest wait first, bounded."""
    domains: Any = client.zrange(
        TURNS, "+inf", f"({_ms(now)}", desc=True, byscore=True, offset=0, num=MAX_SHOWN
    )
    found = []
    for domain in map(as_text, domains):
        waiting: Any = client.zcount(f"{TURNS}:{domain}", f"({_ms(now)}", "+inf")
        if waiting:
            found.append(ThrottledDomain(domain, waiting))
    return found


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
