"""Closing and suspension of accounts."""

from port_events.catalogue import AccountClosed, AccountSuspended

from identity.domain.account import Account, ClosedReason
from identity.domain.mail_link import Purpose
from identity.usecases.ports import UnitOfWork
from identity.usecases.steps import session_termination
from identity.usecases.steps.email_change import cancel_email_change
from identity.usecases.steps.unbinding import remove_all


def close_locked(uow: UnitOfWork, account: Account, reason: ClosedReason) -> None:
    """Close a locked account; end its bindings and links and, unless it is rejected, its sessions and grants."""
    account.close(reason, uow.clock.now())  # first, so that notices of ended bindings go to the other account
    remove_all(uow, account, "account_closed")
    # The sessions of a rejected account remain, but only show the rejection (REV-3).
    if reason != "rejected":
        session_termination.end_sessions_of_account(uow, account.id, "account_closed")
    uow.links.drop(account.id, *Purpose)
    uow.record_event(account, AccountClosed(reason=reason))


def close_if_lapsed(uow: UnitOfWork, account_id: str) -> bool:
    """Lock an account, and close it if it was not verified in time (VER-7); return whether it was closed."""
    account = uow.accounts.locked(account_id)
    if account is None or account.closed_at is not None or not account.has_lapsed(uow.clock.now()):
        return False
    close_locked(uow, account, "lapsed")
    return True


def suspend_locked(uow: UnitOfWork, account: Account) -> None:
    """Suspend a locked account, cancel its change of mailbox, and end its sessions and grants (OPS-2)."""
    account.suspend(uow.clock.now())
    cancel_email_change(uow, account)
    session_termination.end_sessions_of_account(uow, account.id, "account_suspended")
    uow.record_event(account, AccountSuspended())
