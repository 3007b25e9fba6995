"""A person's own data: profile, mailbox, password (PRO)."""

from dataclasses import dataclass

from port_events.catalogue import AccountProfileChanged

from identity.domain.account import Account
from identity.domain.errors import BadPassword, NotFound, NotSignedIn, RevisionStale, TooManyChanges
from identity.domain.mail_link import Purpose
from identity.domain.rate_limits import PROFILE_CHANGES
from identity.domain.session import Principal
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps import session_termination
from identity.usecases.steps.email_change import (
    cancel_email_change,
    drop_expired_email_change,
    request_email_change,
)
from identity.usecases.steps.password_authentication import verify_current_password
from identity.usecases.steps.password_changes import hash_new_password, record_password_change
from identity.usecases.steps.unbinding import remove_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The editable fields (PRO-1); None leaves a field unchanged."""

    name: str | None = None
    mobile: str | None = None
    company_phone: str | None = None
    email: str | None = None

    def new_values(self, account: Account) -> dict[str, str]:
        """Return the values that differ from the account's, without the mailbox."""
        submitted = {"name": self.name, "mobile": self.mobile, "company_phone": self.company_phone}
        return {
            key: value
            for key, value in submitted.items()
            if value is not None and value != getattr(account, key)
        }


def show(ports: Ports, principal: Principal) -> Account:
    """Return the person's own account. Raises ForbiddenWhileSwitched, NotSignedIn."""
    principal.require_not_switched()
    account = ports.queries.account(principal.account.id)
    if account is None:
        raise NotSignedIn
    if account.pending_email is not None:
        with ports.unit_of_work() as uow:
            drop_expired_email_change(uow, account)  # for display; nothing is committed
    return account


def change(
    ports: Ports,
    principal: Principal,
    changes: Changes,
    *,
    revisions: frozenset[int] | None,
    current_password: str | None,
) -> Account:
    """Save changes (PRO-1). A new mailbox requires the current password, and is pending until its link is used (PRO-2).

    The account must have one of the `revisions`; None accepts any revision (PRO-5).

    Raises ForbiddenWhileSwitched, NotSignedIn, RevisionStale, BadPassword, SessionEnded, TooManyChecks,
    TooManyChanges, TooSoon, Busy.
    """
    before = show(ports, principal)
    new_email = changes.email if changes.email != before.email else None
    if new_email is not None:
        verify_current_password(
            ports, before, password=current_password or "", session_id=principal.session_id
        )
    with ports.unit_of_work() as uow:
        account = _locked(uow, principal)
        if new_email is not None and account.credential_version != before.credential_version:
            raise BadPassword  # the password has changed since the check, perhaps to lock out this client
        if revisions is not None and account.revision not in revisions:
            raise RevisionStale
        _save(uow, account, changes)
        if new_email is not None:
            request_email_change(uow, account, new_email)
        uow.commit()
        return account


def _locked(uow: UnitOfWork, principal: Principal) -> Account:
    account = uow.accounts.locked(principal.account.id)
    if account is None or account.closed_at is not None or account.suspended_at is not None:
        raise NotSignedIn
    drop_expired_email_change(uow, account)
    return account


def _save(uow: UnitOfWork, account: Account, requested: Changes) -> None:
    values = requested.new_values(account)
    if not values:
        return
    uow.count([PROFILE_CHANGES.counter(account.id)], TooManyChanges)
    for attribute, value in values.items():
        setattr(account, attribute, value)
    account.revise(uow.clock.now())
    uow.record_event(account, AccountProfileChanged(fields=tuple(sorted(values))))


def withdraw_email_change(ports: Ports, principal: Principal) -> None:
    """Cancel the pending change of mailbox and its link (PRO-2).

    Raises ForbiddenWhileSwitched, NotSignedIn, NotFound if no change is pending.
    """
    principal.require_not_switched()
    with ports.unit_of_work() as uow:
        account = _locked(uow, principal)
        if account.pending_email is None:
            raise NotFound
        cancel_email_change(uow, account)
        uow.record_action("email_change.withdrawn", account.id)
        uow.commit()


def change_password(
    ports: Ports, principal: Principal, *, current: str, new: str, end_binding: bool = False
) -> Account:
    """Change the password; end all other sessions and all grants, and cancel a pending change of mailbox (PRO-4).

    Password reset links become invalid. `end_binding` also ends a general account's binding (UNB-5).

    Raises ForbiddenWhileSwitched, NotSignedIn, BadPassword, SessionEnded, TooManyChecks, InvalidValue,
    PasswordReused, Busy.
    """
    before = show(ports, principal)
    verify_current_password(ports, before, password=current, session_id=principal.session_id)
    password_hash = hash_new_password(ports, before, new)
    with ports.unit_of_work() as uow:
        account = _locked(uow, principal)
        if account.credential_version != before.credential_version:
            raise BadPassword
        account.set_password(password_hash)
        session_termination.end_sessions_of_account(
            uow, account.id, "password_changed", except_id=principal.session_id
        )
        uow.links.drop(account.id, Purpose.PASSWORD_RESET)
        cancel_email_change(uow, account)
        if end_binding and account.kind == "general":
            remove_all(uow, account, "password_changed")
        record_password_change(uow, account, "changed")
        uow.commit()
        return account
