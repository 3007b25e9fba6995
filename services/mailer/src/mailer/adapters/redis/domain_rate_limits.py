"""The hourly rate limit of each recipient domain, shared by all mailers.

`mailer:turns:<domain>` is a sorted set of event ids: the mails that were sent in the past hour and the waiting mails,
scored by their send time (ms of the mailer's clock, like `due` in the ledger). `mailer:turns` lists the throttled
domains for operators, scored by the latest send time that was assigned.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from port_events.envelope import as_text
from typing_extensions import override

from mailer.adapters.redis.connection import Script, read_script, unix_ms
from mailer.domain.domain_rate_limits import normalize_domain
from mailer.usecases.delivery_ports import DomainRateLimit
from mailer.usecases.queue_stats import ThrottledDomain

if TYPE_CHECKING:
    from datetime import datetime

    import redis

    from mailer.adapters.redis.connection import ThreadConnections
    from mailer.domain.domain_rate_limits import DomainRateLimits
    from mailer.usecases.delivery_ports import Clock

SEND_TIMES: Final = "mailer:turns"
HOUR_MS: Final = 3600 * 1000
MAX_SHOWN: Final = 20


class RedisDomainRateLimit(DomainRateLimit):
    """The rate limits in Redis. Thread-safe; `acquire` may raise redis.RedisError."""

    def __init__(self, connections: ThreadConnections, limits: DomainRateLimits, *, clock: Clock) -> None:
        self._limits, self._clock = limits, clock
        self._acquire = Script(connections, read_script("acquire_rate_limit"))

    @override
    def acquire(self, event_id: str, domain: str, *, expires_at: datetime) -> datetime | None:
        limit = self._limits.of(domain)
        if limit is None:
            return None
        now, name = self._clock.now(), normalize_domain(domain)
        arguments = [event_id, limit, unix_ms(now), HOUR_MS, unix_ms(expires_at), name]
        wait_ms = self._acquire.run([f"{SEND_TIMES}:{name}", SEND_TIMES], arguments)
        return now + timedelta(milliseconds=int(wait_ms)) if wait_ms else None


def throttled_domains(client: redis.Redis, now: datetime) -> list[ThrottledDomain]:
    """Return up to MAX_SHOWN domains whose mails wait for their send time, the latest send time first."""
    domains: Any = client.zrange(
        SEND_TIMES, "+inf", f"({unix_ms(now)}", desc=True, byscore=True, offset=0, num=MAX_SHOWN
    )
    throttled = []
    for domain in map(as_text, domains):
        waiting: Any = client.zcount(f"{SEND_TIMES}:{domain}", f"({unix_ms(now)}", "+inf")
        if waiting:
            throttled.append(ThrottledDomain(domain, waiting))
    return throttled
