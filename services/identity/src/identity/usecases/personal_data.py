"""A person's data: written out, emptied, and accounts that nobody uses any more (OPS-6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from port_events.catalogue import AccountClosed

from identity.domain.account import Account
from identity.domain.audit import Caller
from identity.domain.session import Session
from identity.usecases.administration import OPEN, get_by_name_or_id, locked_account, suspend_locked
from identity.usecases.audit import recording
from identity.usecases.ports import Ports
from identity.usecases.repositories import (
    AuditFilter,
    AuditRecord,
    BindingWithAccounts,
    ConsentRecord,
    MailRecord,
)
from identity.usecases.steps.ending import close
from identity.usecases.steps.events import record_event

_ALL = AuditFilter(limit=1_000_000)
_LOOKED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataExport:
    """All that is kept of a person, but for what is a secret even to them, or another person's own."""

    account: Account
    consents: Sequence[ConsentRecord]
    bindings: Sequence[BindingWithAccounts]
    sessions: Sequence[Session]
    mails: Sequence[MailRecord]
    history: Sequence[AuditRecord]


def export(ports: Ports, name: str) -> PersonalDataExport:
    """Return all that is kept of the person behind an account; that it was asked for is written down.

    Whoever acts as the account or upon it is a person too: their sessions are not in it, nor from where they came
    (OPS-6). Raises NotFound.
    """
    with ports.unit_of_work() as uow:
        account = get_by_name_or_id(uow, name)
        dossier = PersonalDataExport(
            account=account,
            consents=uow.consents.of_account(account.id),
            bindings=uow.bindings.of_account(account.id),
            sessions=uow.sessions.of_holder(account.id),
            mails=uow.history.mails(account.id),
            history=[_told_to(account, each) for each in uow.history.find(_ALL, account_id=account.id)],
        )
        recording.record(uow, ports, "account.exported", account.id)
        uow.commit()
        return dossier


def _told_to(account: Account, happened: AuditRecord) -> AuditRecord:
    """Return a row without the address of who acted, where that was another; who failed to log in is not known."""
    if happened.entry.actor in {account.id, ""}:
        return happened
    return replace(happened, entry=replace(happened.entry, address=""))


def erase(ports: Ports, name: str) -> Account:
    """Close an account where it is open, and empty what is personal in it.

    Announced as closed with the reason `erased`, also where it was closed before: whoever has a copy then empties it.
    Rows of the audit log and events keep identifiers alone. Raises NotFound.
    """
    with locked_account(ports, name, "account.erased", *OPEN, "closed") as (uow, account):
        if account.closed_at is None:
            close(uow, ports, account, "erased")
        else:
            account.closed_reason = "erased"
            record_event(uow, ports, account, AccountClosed(reason="erased"))
        account.erase()
        uow.flush()  # what ended just now is among the bindings that nobody is to be shown
        uow.bindings.dismiss_of(account.id)
        uow.consents.forget_addresses(account.id)
        recording.record(uow, ports, "account.erased", account.id)
    return account


def suspend_idle(ports: Ports, idle: timedelta) -> int:
    """Suspend active accounts that nobody has used for so long; return how many.

    The audit log tells who used what, so nothing is judged before it reaches back that far itself.
    """
    since = ports.clock.now() - idle
    tidy = ports.by(Caller(kind="system", name="tidy", reason=f"idle for {idle.days} days"))
    with ports.unit_of_work() as uow:
        begins_at = uow.history.begins_at()
    if begins_at is None or begins_at > since:
        return 0
    return sum(_suspend_idle(tidy, account_id, since) for account_id in _idle(ports, since))


def _idle(ports: Ports, since: datetime) -> Iterator[str]:
    after: str | None = ""
    while after is not None:
        with ports.unit_of_work() as uow:
            due, after = uow.accounts.idle(since, after=after, limit=_LOOKED_AT_ONCE)
        yield from due


def _suspend_idle(ports: Ports, account_id: str, since: datetime) -> bool:
    """Suspend an account, unless somebody has used it meanwhile."""
    with ports.unit_of_work() as uow:
        account = uow.accounts.locked(account_id)
        if account is None or not uow.accounts.is_idle(account_id, since):
            return False
        suspend_locked(uow, ports, account)
        uow.commit()
        return True
