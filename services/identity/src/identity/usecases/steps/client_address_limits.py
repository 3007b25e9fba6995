"""Rate limits by client address (SEC-3)."""

from identity.domain.rate_limits import Counter, Limit, counters_by_network
from identity.domain.session import ClientInfo
from identity.usecases.ports import Ports


def count_by_network(ports: Ports, limit: Limit, client: ClientInfo, *, own: Counter | None = None) -> int:
    """Count a request by the client's networks; return the seconds to wait, or 0 if it is within all limits.

    `own` is a narrower counter. It is not incremented while the counter of one of the networks is full.
    """
    now = ports.clock.now()
    narrow, states = ports.counters.increment_within(own, counters_by_network(limit, client.networks), now)
    every = [*states, *([narrow] if narrow else [])]
    return max((state.wait_seconds(now) for state in every if state.exceeded), default=0)
