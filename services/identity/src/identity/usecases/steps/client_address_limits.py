"""Limits by address, for requests without an account (SEC-3)."""

from identity.domain.rate_limits import Limit, counters_by_network
from identity.domain.session import ClientInfo
from identity.usecases.ports import Ports


def count_by_network(ports: Ports, limit: Limit, client: ClientInfo) -> int:
    """Count a request, also if it is refused; return the seconds to wait, 0 within the limit."""
    now = ports.clock.now()
    _, states = ports.counters.increment_within(None, counters_by_network(limit, client.networks), now)
    return max((state.wait_seconds(now) for state in states if state.exceeded), default=0)
