"""Operators' decisions on an account: approve, reject, suspend, reinstate, close (REV-2, OPS-2).

`username_or_id` is an open account's username or any account's id. Each function raises NotFound and WrongState.
"""

from contextlib import AbstractContextManager

from port_events.catalogue import AccountApproved, AccountReinstated, AccountRejected

from identity.domain.account import OPERATOR_DECISIONS, Account
from identity.domain.mail import MailRequest
from identity.domain.registration_rejection import Rejection
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.account_lookup import locked_account
from identity.usecases.steps.closing_and_suspending import close_locked, suspend_locked


def approve(ports: Ports, username_or_id: str) -> Account:
    with _decision(ports, username_or_id, "account.approved") as (uow, account):
        account.approve()
        login_url = f"{uow.rules.public_url}/"
        mail = MailRequest.notice(account, uow.clock.now(), kind=account.kind, login_url=login_url)
        uow.record_event(account, AccountApproved(kind=account.kind), mail=mail)
    return account


def reject(ports: Ports, username_or_id: str) -> Account:
    """Reject and close an account; mail the applicant the caller's reason."""
    reason = ports.caller().reason or ""
    with _decision(ports, username_or_id, "account.rejected") as (uow, account):
        account.reject()
        uow.rejections.add(
            Rejection(
                account_id=account.id,
                username_key=str(account.username_key),
                password_hash=account.password_hash,
                reason=reason,
                rejected_at=uow.clock.now(),
            )
        )
        mail = MailRequest.notice(account, uow.clock.now(), kind=account.kind, reason=reason)
        uow.record_event(account, AccountRejected(kind=account.kind), mail=mail)
        close_locked(uow, account, "rejected")
    return account


def suspend(ports: Ports, username_or_id: str) -> Account:
    with _decision(ports, username_or_id, "account.suspended") as (uow, account):
        suspend_locked(uow, account)
    return account


def reinstate(ports: Ports, username_or_id: str) -> Account:
    with _decision(ports, username_or_id, "account.reinstated") as (uow, account):
        account.reinstate()
        uow.record_event(account, AccountReinstated())
    return account


def close(ports: Ports, username_or_id: str) -> Account:
    with _decision(ports, username_or_id, "account.closed") as (uow, account):
        close_locked(uow, account, "operator")
    return account


def _decision(
    ports: Ports, username_or_id: str, action: str
) -> AbstractContextManager[tuple[UnitOfWork, Account]]:
    return locked_account(ports, username_or_id, action, *OPERATOR_DECISIONS[action])
