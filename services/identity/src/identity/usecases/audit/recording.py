"""Audit entries about refused actions and operators' reads.

`UnitOfWork.record_action` records completed actions, in the transaction of the change.
"""

from collections.abc import Mapping
from typing import Any

from identity.domain.audit import Entry
from identity.domain.rate_limits import REPEATS_RECORDED
from identity.usecases.ports import Ports


def record_refusal(
    ports: Ports, action: str, account_id: str | None, *, throttle_key: str | None = None, **detail: Any
) -> None:
    """Record a refusal in a separate transaction, because the transaction of the action is rolled back.

    Call it outside a unit of work: on SQLite the two transactions would deadlock. With a `throttle_key`, at most one
    entry a minute is written for each action and key, so that refusals that are free to repeat cannot fill the log.
    """
    if throttle_key is None or not _is_repeated(ports, action, throttle_key):
        ports.audit.add(Entry.of(action, account_id, detail, caller=ports.caller(), at=ports.clock.now()))


def record_read(
    ports: Ports,
    action: str,
    account_id: str | None,
    *,
    criteria: Mapping[str, Any] | None = None,
    **detail: Any,
) -> None:
    """Record an operator's read; the same read at most once a minute (SEC-11).

    Call it outside a unit of work. Of the `criteria` that are not None only the names are recorded, because the values
    may be personal data.
    """
    caller = ports.caller()
    used = {name: value for name, value in (criteria or {}).items() if value is not None}
    if criteria is not None:
        detail["criteria"] = sorted(used)
    key = f"{caller.via}:{caller.name}:{account_id}:{sorted(detail.items())}:{sorted(used.items())}"
    if not _is_repeated(ports, action, key):
        ports.audit.add(Entry.of(action, account_id, detail, caller=caller, at=ports.clock.now()))


def _is_repeated(ports: Ports, action: str, key: str) -> bool:
    (count,) = ports.counters.increment([REPEATS_RECORDED.counter(action, key)], ports.clock.now())
    return count.exceeded
