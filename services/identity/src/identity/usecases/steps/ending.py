"""Closing an account: what must end with it, in one transaction."""

from port_events.catalogue import AccountClosed

from identity.domain.account import Account, ClosedReason
from identity.domain.link import Purpose
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.events import record_event
from identity.usecases.unbinding import remove_all


def close(uow: UnitOfWork, ports: Ports, account: Account, reason: ClosedReason) -> None:
    """Close a locked account: sessions, links and bindings end with it; name and mailbox are free."""
    account.close(reason, ports.clock.now())  # first, so that the notices of its bindings go to who is left
    remove_all(uow, ports, account, "account_closed")
    uow.sessions.end_of_account(account.id)
    uow.links.drop(account.id, *Purpose)
    record_event(uow, ports, account, AccountClosed(reason=reason))
