"""Cleanup by time: lapsed accounts and bindings, expired rows, idle accounts (VER-7, BIND-8, OPS-6)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.domain import account as accounts
from identity.domain import binding as bindings
from identity.domain.audit import Caller
from identity.domain.mail_link import Purpose
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.ports.request_queries import Purger
from identity.usecases.steps.account_status import close_locked, suspend_locked
from identity.usecases.steps.email_verification import drop_expired_email_change
from identity.usecases.steps.unbinding import lock_general, remove

_BATCH = 200
_IDLE_BATCH = 1000


@dataclass(frozen=True, slots=True)
class CleanupResult:
    """How many of each were changed or deleted."""

    accounts: int
    bindings: int
    email_changes: int
    rows: int
    events: int


def clean_up(ports: Ports, purger: Purger) -> CleanupResult:
    """Close what has lapsed and delete what has expired. Runs may overlap: every change is checked under its lock."""
    now = ports.clock.now()
    return CleanupResult(
        accounts=_for_each(
            ports,
            lambda uow: uow.accounts.lapsed(now - accounts.UNVERIFIED_LIFETIME, _BATCH),
            lambda uow, account_id: _lapse_account(uow, account_id, now),
        ),
        bindings=_for_each(
            ports,
            lambda uow: uow.bindings.lapsed(now - bindings.UNVERIFIED_LIFETIME, _BATCH),
            lambda uow, binding_id: _lapse_binding(uow, binding_id, now),
        ),
        # Before the purge: pending changes are found by their links.
        email_changes=_for_each(
            ports,
            lambda uow: uow.links.pending_changes(now - Purpose.EMAIL_CHANGE.lifetime, _BATCH),
            lambda uow, account_id: _drop_email_change(uow, account_id, now),
        ),
        rows=purger.purge(now, idle_since=now - ports.rules.sessions.idle),
        events=purger.purge_events(now - ports.rules.feed_retention),
    )


def _for_each(
    ports: Ports, find: Callable[[UnitOfWork], Sequence[str]], change: Callable[[UnitOfWork, str], bool]
) -> int:
    """Change what is found, each in a transaction of its own, until a batch is not full; return how many changed."""
    changed = 0
    while True:
        with ports.unit_of_work() as uow:
            found = find(uow)
        for each_id in found:
            with ports.unit_of_work() as uow:
                changed += change(uow, each_id)
                uow.commit()
        if len(found) < _BATCH:
            return changed


def _lapse_account(uow: UnitOfWork, account_id: str, now: datetime) -> bool:
    account = uow.accounts.locked(account_id)
    if account is None or account.closed_at is not None or not account.has_lapsed(now):
        return False
    close_locked(uow, account, "lapsed")
    return True


def _lapse_binding(uow: UnitOfWork, binding_id: str, now: datetime) -> bool:
    binding = uow.bindings.get(binding_id)
    if binding is None:
        return False
    general = lock_general(uow, binding)
    if not binding.has_lapsed(now):
        return False
    remove(uow, general, binding, "lapsed")
    return True


def _drop_email_change(uow: UnitOfWork, account_id: str, now: datetime) -> bool:
    account = uow.accounts.locked(account_id)
    return account is not None and drop_expired_email_change(uow, account, now)


def suspend_idle(ports: Ports, idle: timedelta) -> int:
    """Suspend active accounts that have been unused for `idle`; return how many.

    Use is read from the audit log, so nothing happens before the log reaches back that far.
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
            found, after = uow.accounts.idle(since, after=after, limit=_IDLE_BATCH)
        yield from found


def _suspend_idle(ports: Ports, account_id: str, since: datetime) -> bool:
    """Suspend an account unless it has been used meanwhile."""
    with ports.unit_of_work() as uow:
        account = uow.accounts.locked(account_id)
        if account is None or not uow.accounts.is_idle(account_id, since):
            return False
        suspend_locked(uow, account)
        uow.commit()
        return True
