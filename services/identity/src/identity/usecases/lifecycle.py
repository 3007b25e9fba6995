"""What operators decide of who applies: approve, reject (REV-2)."""

from port_events.catalogue import AccountApproved, AccountRejected

from identity.domain.account import Account
from identity.usecases.administration import locked_account
from identity.usecases.ports import Ports
from identity.usecases.steps.ending import close as close_account
from identity.usecases.steps.events import MailRequest, record_event


def approve(ports: Ports, name: str) -> Account:
    """Approve an account that awaits review, and tell the applicant. Raises NotFound, WrongState."""
    with locked_account(ports, name, "account.approved", "awaiting_review") as (uow, account):
        account.review = "approved"
        mail = MailRequest.notice(
            account, ports.clock.now(), kind=account.kind, login_url=f"{ports.rules.public_url}/"
        )
        record_event(uow, ports, account, AccountApproved(kind=account.kind), mail=mail)
    return account


def reject(ports: Ports, name: str, *, reason: str) -> Account:
    """Reject an account that awaits review, tell the applicant why, and close it. Raises NotFound, WrongState."""
    with locked_account(ports, name, "account.rejected", "awaiting_review") as (uow, account):
        account.review = "rejected"
        mail = MailRequest.notice(account, ports.clock.now(), kind=account.kind, reason=reason)
        record_event(uow, ports, account, AccountRejected(kind=account.kind), mail=mail)
        close_account(uow, ports, account, "rejected")
    return account
