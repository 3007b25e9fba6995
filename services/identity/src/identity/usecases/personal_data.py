"""Export and erasure of a person's data (OPS-6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from port_events.catalogue import AccountClosed

from identity.domain.account import OPEN, Account
from identity.domain.open_login import ServiceLogin
from identity.domain.session import Session
from identity.usecases.ports import Ports
from identity.usecases.ports.audit import AuditFilter, AuditRecord, MailRecord
from identity.usecases.ports.bindings import BindingWithAccounts
from identity.usecases.ports.consents import ConsentRecord
from identity.usecases.steps import session_termination
from identity.usecases.steps.account_lookup import get_by_username_or_id, locked_account
from identity.usecases.steps.closing_and_suspending import close_locked

_ALL = AuditFilter(limit=1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataExport:
    account: Account
    consents: Sequence[ConsentRecord]
    bindings: Sequence[BindingWithAccounts]
    """Live and ended bindings, with both accounts."""
    sessions: Sequence[Session]
    """The sessions that the person opened."""
    services: Sequence[ServiceLogin]
    """The person's logins at services, active and ended, as long as they are stored."""
    mails: Sequence[MailRecord]
    """The mails of the account's events, as long as they are in the outbox."""
    history: Sequence[AuditRecord]


def export(ports: Ports, username_or_id: str) -> PersonalDataExport:
    """Return a person's data, and record the export. Raises NotFound.

    Sessions of other people who act as the account, and the client addresses of other people's actions on it, are left
    out: they are personal data of those people.
    """
    with ports.unit_of_work() as uow:
        account = get_by_username_or_id(uow, username_or_id)
        exported = PersonalDataExport(
            account=account,
            consents=uow.consents.of_account(account.id),
            bindings=uow.bindings.of_account(account.id),
            sessions=uow.sessions.of_holder(account.id),
            services=uow.service_logins.every_of_holder(account.id),
            mails=uow.history.mails(account.id),
            history=[_redacted(account, row) for row in uow.history.find(_ALL, account_id=account.id)],
        )
        uow.record_action("account.exported", account.id)
        uow.commit()
        return exported


def _redacted(account: Account, row: AuditRecord) -> AuditRecord:
    """Remove another actor's client address. A row with an unknown actor, such as a failed login, keeps it."""
    if row.entry.actor in {account.id, ""}:
        return row
    return replace(row, entry=replace(row.entry, address=""))


def erase(ports: Ports, username_or_id: str) -> Account:
    """Close an account if it is open, and erase its personal data. Raises NotFound.

    The event `account.closed` with the reason `erased` is published even if the account was already closed, so that
    consumers erase their copies. Audit entries and published events remain until their retention ends.
    """
    with locked_account(ports, username_or_id, "account.erased", *OPEN, "closed") as (uow, account):
        if account.closed_at is None:
            close_locked(uow, account, "erased")
        else:
            account.closed_reason = "erased"
            uow.record_event(account, AccountClosed(reason="erased"))
        account.erase()
        uow.rejections.drop(account.id)
        session_termination.end_sessions_of_account(uow, account.id, "account_closed")
        uow.flush()  # `dismiss_of` must see the bindings that have just ended
        uow.bindings.dismiss_of(account.id)
        uow.consents.forget_addresses(account.id)
        uow.client_consents.forget(account.id)
        uow.record_action("account.erased", account.id)
    return account
