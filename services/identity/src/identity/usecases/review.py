"""What operators decide of who applies: approve, reject (REV-2)."""

from port_events.catalogue import AccountApproved, AccountRejected

from identity.domain.account import Account
from identity.usecases.administration import act_on
from identity.usecases.closing import close as close_account
from identity.usecases.ports import Ports
from identity.usecases.publication import Mail, announce


def approve(ports: Ports, name: str) -> Account:
    """Approve an account that awaits review, and tell the applicant. Raises NotFound, WrongState."""
    with act_on(ports, name, "account.approved", "awaiting_review") as (work, account):
        account.review = "approved"
        mail = Mail.notice(
            account, ports.clock.now(), kind=account.kind, login_url=f"{ports.rules.public_url}/"
        )
        announce(work, ports, account, AccountApproved(kind=account.kind), mail=mail)
    return account


def reject(ports: Ports, name: str, *, reason: str) -> Account:
    """Reject an account that awaits review, tell the applicant why, and close it. Raises NotFound, WrongState."""
    with act_on(ports, name, "account.rejected", "awaiting_review") as (work, account):
        account.review = "rejected"
        mail = Mail.notice(account, ports.clock.now(), kind=account.kind, reason=reason)
        announce(work, ports, account, AccountRejected(kind=account.kind), mail=mail)
        close_account(work, ports, account, "rejected")
    return account
