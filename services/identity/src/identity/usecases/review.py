"""What operators do to an account: approve, reject, suspend, reinstate, close (REV-2, OPS-2)."""

from collections.abc import Sequence

from port_events.catalogue import AccountApproved, AccountReinstated, AccountRejected, AccountSuspended

from identity.domain.account import Account, Kind, Status
from identity.domain.errors import NotFound, WrongState
from identity.domain.person import username_key
from identity.usecases.closing import close as close_account
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.publication import Mail, announce


def find(
    ports: Ports, *, status: Status | None = None, kind: Kind | None = None, limit: int = 100
) -> Sequence[Account]:
    """Return accounts, oldest first."""
    with ports.unit_of_work() as work:
        return work.accounts.find(status=status, kind=kind, limit=limit)


def show(ports: Ports, username: str) -> Account:
    """Return the open account of a name. Raises NotFound."""
    account = ports.reader.by_username(username_key(username))
    if account is None:
        raise NotFound
    return account


def approve(ports: Ports, username: str) -> Account:
    """Approve an account that awaits review, and tell the applicant. Raises NotFound, WrongState."""
    with ports.unit_of_work() as work:
        account = _in_state(work, username, "awaiting_review")
        account.review = "approved"
        mail = Mail.notice(
            account, ports.clock.now(), kind=account.kind, login_url=f"{ports.rules.public_url}/"
        )
        announce(work, ports, account, AccountApproved(kind=account.kind), mail=mail)
        work.commit()
        return account


def reject(ports: Ports, username: str, *, reason: str) -> Account:
    """Reject an account that awaits review, tell the applicant why, and close it. Raises NotFound, WrongState."""
    with ports.unit_of_work() as work:
        account = _in_state(work, username, "awaiting_review")
        account.review = "rejected"
        mail = Mail.notice(account, ports.clock.now(), kind=account.kind, reason=reason)
        announce(work, ports, account, AccountRejected(kind=account.kind), mail=mail)
        close_account(work, ports, account, "rejected")
        work.commit()
        return account


def suspend(ports: Ports, username: str) -> Account:
    """Suspend an account: its sessions end, and nobody acts as it (OPS-2). Raises NotFound, WrongState."""
    with ports.unit_of_work() as work:
        account = _in_state(work, username, "active", "awaiting_review", "email_unverified")
        account.suspended_at = ports.clock.now()
        work.sessions.end_of_account(account.id)
        announce(work, ports, account, AccountSuspended())
        work.commit()
        return account


def reinstate(ports: Ports, username: str) -> Account:
    """Lift a suspension. Raises NotFound, WrongState."""
    with ports.unit_of_work() as work:
        account = _in_state(work, username, "suspended")
        account.suspended_at = None
        announce(work, ports, account, AccountReinstated())
        work.commit()
        return account


def close(ports: Ports, username: str) -> Account:
    """Close an account for good. Raises NotFound."""
    with ports.unit_of_work() as work:
        account = _in_state(work, username, "active", "awaiting_review", "email_unverified", "suspended")
        close_account(work, ports, account, "operator")
        work.commit()
        return account


def _in_state(work: UnitOfWork, username: str, *states: Status) -> Account:
    found = work.accounts.by_username(username_key(username))
    account = work.accounts.locked(found.id) if found else None
    if account is None:
        raise NotFound
    if account.status not in states:
        raise WrongState(account.status)
    return account
