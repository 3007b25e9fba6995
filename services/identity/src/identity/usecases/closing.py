"""Closing an account: what must end with it, in one transaction."""

from port_events.catalogue import AccountClosed

from identity.domain.account import Account, ClosedReason
from identity.domain.link import Purpose
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.publication import announce
from identity.usecases.unbinding import remove_all


def close(work: UnitOfWork, ports: Ports, account: Account, reason: ClosedReason) -> None:
    """Close a locked account: sessions, links and bindings end with it; name and mailbox are free."""
    account.close(reason, ports.clock.now())  # first, so that the notices of its bindings go to who is left
    remove_all(work, ports, account, "account_closed")
    work.sessions.end_of_account(account.id)
    work.links.drop(account.id, *Purpose)
    announce(work, ports, account, AccountClosed(reason=reason))
