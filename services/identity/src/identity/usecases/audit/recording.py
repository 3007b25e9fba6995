"""Recording refused actions. `UnitOfWork.record_action` records what is done, in the transaction of the change."""

from typing import Any

from identity.domain.audit import Entry
from identity.domain.rate_limits import REFUSALS_RECORDED
from identity.usecases.ports import Ports


def record_refusal(
    ports: Ports, action: str, account_id: str | None, *, throttle_key: str | None = None, **detail: Any
) -> None:
    """Write a refusal in a transaction of its own, since the refused one is rolled back.

    Call it outside a unit of work. With a `throttle_key`, at most one entry a minute is written for that key, so that
    refusals that cost the client nothing cannot fill the log.
    """
    now = ports.clock.now()
    if throttle_key is not None:
        (count,) = ports.counters.increment([REFUSALS_RECORDED.counter(action, throttle_key)], now)
        if count.exceeded:
            return
    ports.audit.add(Entry.of(action, account_id, detail, caller=ports.caller(), at=now))
