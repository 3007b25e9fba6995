"""Operators' decisions on an account: approve, reject, suspend, reinstate, close (REV-2, OPS-2).

`name` is an account's name or id. Each function raises NotFound and WrongState.
"""

from port_events.catalogue import AccountApproved, AccountReinstated, AccountRejected

from identity.domain.account import Account
from identity.domain.mail import MailRequest
from identity.usecases.ports import Ports
from identity.usecases.steps.account_status import close_locked, suspend_locked
from identity.usecases.steps.lookup import OPEN, locked_account


def approve(ports: Ports, name: str) -> Account:
    """Approve an account that awaits review, and notify the applicant."""
    with locked_account(ports, name, "account.approved", "awaiting_review") as (uow, account):
        account.review = "approved"
        login_url = f"{uow.rules.public_url}/"
        mail = MailRequest.notice(account, uow.clock.now(), kind=account.kind, login_url=login_url)
        uow.record_event(account, AccountApproved(kind=account.kind), mail=mail)
    return account


def reject(ports: Ports, name: str, *, reason: str) -> Account:
    """Reject an account that awaits review, mail the applicant the reason, and close the account."""
    with locked_account(ports, name, "account.rejected", "awaiting_review") as (uow, account):
        account.review = "rejected"
        mail = MailRequest.notice(account, uow.clock.now(), kind=account.kind, reason=reason)
        uow.record_event(account, AccountRejected(kind=account.kind), mail=mail)
        close_locked(uow, account, "rejected")
    return account


def suspend(ports: Ports, name: str) -> Account:
    """Suspend an account; its sessions end, and nobody acts as it."""
    with locked_account(
        ports, name, "account.suspended", "active", "awaiting_review", "email_unverified"
    ) as (uow, account):
        suspend_locked(uow, account)
    return account


def reinstate(ports: Ports, name: str) -> Account:
    """Lift a suspension."""
    with locked_account(ports, name, "account.reinstated", "suspended") as (uow, account):
        account.suspended_at = None
        uow.record_event(account, AccountReinstated())
    return account


def close(ports: Ports, name: str) -> Account:
    """Close an account for good."""
    with locked_account(ports, name, "account.closed", *OPEN) as (uow, account):
        close_locked(uow, account, "operator")
    return account
