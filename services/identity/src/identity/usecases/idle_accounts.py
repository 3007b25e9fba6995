"""Suspension of accounts that have not been used for a long time (OPS-6)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from identity.domain.audit import Caller
from identity.usecases.ports import Ports
from identity.usecases.steps.closing_and_suspending import suspend_locked

_BATCH = 1000


def suspend_idle(ports: Ports, idle: timedelta) -> int:
    """Suspend active accounts that have been unused for `idle`; return their number.

    The audit log shows an account's use, so no account is suspended until the log covers the whole period.
    """
    since = ports.clock.now() - idle
    ports = ports.by(Caller(kind="system", name="tidy", reason=f"idle for {idle.days} days"))
    with ports.unit_of_work() as uow:
        begins_at = uow.history.begins_at()
    if begins_at is None or begins_at > since:
        return 0
    return sum(_suspend_idle(ports, account_id, since) for account_id in _idle_accounts(ports, since))


def _idle_accounts(ports: Ports, since: datetime) -> Iterator[str]:
    after: str | None = ""
    while after is not None:
        with ports.unit_of_work() as uow:
            found, after = uow.accounts.idle(since, after=after, limit=_BATCH)
        yield from found


def _suspend_idle(ports: Ports, account_id: str, since: datetime) -> bool:
    """Suspend an account if it is still idle. The check is repeated under its lock, because it may have been used."""
    with ports.unit_of_work() as uow:
        account = uow.accounts.locked(account_id)
        if account is None or not uow.accounts.is_idle(account_id, since):
            return False
        suspend_locked(uow, account)
        uow.commit()
        return True
