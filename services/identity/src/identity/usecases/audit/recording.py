"""Writing down who did what: with the change, or by itself where the change is refused (SEC-11)."""

from collections.abc import Mapping
from typing import Any

from identity.domain.audit import ACTIONS, Entry
from identity.domain.rate_limits import REFUSALS_RECORDED
from identity.usecases.ports import Ports, UnitOfWork


def record(uow: UnitOfWork, ports: Ports, action: str, account_id: str | None, **detail: Any) -> None:
    """Write a row beside the change: it is there if and only if the change is."""
    uow.audit.add(_entry(ports, action, account_id, detail))


def record_refusal(
    ports: Ports, action: str, account_id: str | None, *, throttle_key: str | None = None, **detail: Any
) -> None:
    """Write a refusal, whose own transaction is rolled back, in one of its own; call it outside a unit of uow.

    What costs the asker nothing to repeat is written once a minute and `sparing` subject, so that nobody fills the log.
    """
    if throttle_key is not None:
        key = REFUSALS_RECORDED.key(action, throttle_key)
        (count,) = ports.counters.increment([(REFUSALS_RECORDED, key)], ports.clock.now())
        if count.exceeded:
            return
    ports.audit.add(_entry(ports, action, account_id, detail))


def pruning_entry(ports: Ports, *, rows: int) -> Entry:
    """Return the row that tells that old segments were dropped; it is written with that."""
    return _entry(ports, "audit.pruned", None, {"rows": rows})


def _entry(ports: Ports, action: str, account_id: str | None, detail: Mapping[str, Any]) -> Entry:
    """Return the row: who asks comes from outside, with the request."""
    caller = ports.caller()
    known = ACTIONS[action]
    by_owner = known.by_owner and caller.kind == "person"
    return Entry(
        at=ports.clock.now(),
        action=action,
        result=known.result,
        actor_kind=caller.kind,
        actor=str(account_id) if by_owner else caller.name,
        via=caller.via,
        account_id=account_id,
        link_account_id=detail.get("link_account_id") or (None if by_owner else caller.link_account_id),
        address=caller.address,
        request_id=caller.request_id,
        reason=caller.reason,
        detail={name: value for name, value in detail.items() if name != "link_account_id"},
    )
