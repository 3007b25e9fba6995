"""Operators' support actions on an account's locks, sessions, grants, bindings, mails and mailbox (OPS-1).

`username_or_id` is an open account's username or any account's id. `Ports.by` provides the operator and the reason.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from identity.domain.account import OPEN, Account, Status
from identity.domain.binding import Binding
from identity.domain.errors import InvalidValue, MailboxTaken, NotFound, TooSoon, WrongState
from identity.domain.mail_link import Purpose
from identity.domain.rate_limits import LOGIN_ACCOUNT, LOGIN_DEVICE, PASSWORD_PROOFS
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps import session_termination
from identity.usecases.steps.account_lookup import locked_account
from identity.usecases.steps.bind_codes import issue_code
from identity.usecases.steps.email_change import drop_expired_email_change, request_email_change
from identity.usecases.steps.email_verification import request_verification
from identity.usecases.steps.mail_limits import Budget, resend_quota
from identity.usecases.steps.unbinding import remove


def unlock(ports: Ports, username_or_id: str) -> Account:
    """Reset an account's counts of failed logins and of password checks. Raises NotFound, WrongState."""
    with locked_account(ports, username_or_id, "account.unlocked", *OPEN) as (uow, account):
        username = str(account.username_key)
        uow.counters.clear([LOGIN_ACCOUNT.counter(username), PASSWORD_PROOFS.counter(account.id)])
        uow.counters.clear_below(LOGIN_DEVICE.counter(account.id))
        uow.record_action("account.unlocked", account.id)
    return account


def end_sessions(ports: Ports, username_or_id: str) -> int:
    """End the sessions and grants of an account and those that act as it; return the number of sessions.

    Raises NotFound, WrongState.
    """
    with locked_account(ports, username_or_id, "account.sessions_ended", *OPEN) as (uow, account):
        ended = session_termination.end_sessions_of_account(uow, account.id, "operator")
        uow.record_action("account.sessions_ended", account.id, sessions=ended)
    return ended


def end_session(ports: Ports, session_id: str) -> None:
    """End one session and its grants, even if it has timed out and only grants are left. Raises NotFound."""
    with ports.unit_of_work() as uow:
        session = uow.sessions.get(session_id)
        services = uow.service_logins.of_session(session_id, uow.clock.now())
        if session is None and not services:
            raise NotFound
        session_termination.end_session(uow, session_id, "operator", holder_id=None)
        holder_id = session.holder_id if session is not None else services[0].holder_id
        uow.record_action("session.ended", holder_id, session_id=session_id)
        uow.commit()


def end_grant(ports: Ports, grant_id: str) -> None:
    """End one grant with its children (OIDC-25). Raises NotFound if it is unknown or has ended."""
    with ports.unit_of_work() as uow:
        if not session_termination.end_grant(uow, grant_id, "operator"):
            raise NotFound
        uow.commit()


def remove_binding(ports: Ports, binding_id: str) -> None:
    """End a live binding, and every session and grant that uses it (SW-5). Raises NotFound.

    The general account is notified, or the link account if the general account is closed (UNB-5).
    """
    states = (*OPEN, "closed")
    with _locked_binding(ports, binding_id, "binding.removed", *states) as (uow, general, binding):
        remove(uow, general, binding, "operator")


def resend_code(ports: Ports, binding_id: str) -> None:
    """Mail a new code for an unverified binding of an active account. Raises NotFound, WrongState, TooSoon."""
    with _locked_binding(ports, binding_id, "bind_code.issued", "active") as (uow, general, binding):
        if binding.has_lapsed(uow.clock.now()):
            raise NotFound
        if binding.status != "unverified":
            raise WrongState(binding.status)
        issue_code(uow, general, binding)


@contextmanager
def _locked_binding(
    ports: Ports, binding_id: str, action: str, *states: Status
) -> Iterator[tuple[UnitOfWork, Account, Binding]]:
    """Lock a live binding and its general account, which must be in one of the states. Raises NotFound, WrongState."""
    with ports.unit_of_work() as uow:
        found = uow.bindings.get(binding_id)
    if found is None:
        raise NotFound
    with locked_account(ports, found.general_account_id, action, *states) as (uow, general):
        binding = uow.bindings.locked(binding_id)
        if binding is None or not binding.is_live:
            raise NotFound
        yield uow, general, binding


def resend_mail(ports: Ports, username_or_id: str) -> Account:
    """Repeat the request to verify the mailbox of a new account, or of a change of mailbox (VER-5, PRO-2).

    Counts against the account's own quota (SEC-6). Raises NotFound, WrongState, TooSoon.
    """
    with locked_account(ports, username_or_id, "verification.requested", *OPEN) as (uow, account):
        _refuse_lapsed(uow, account)
        drop_expired_email_change(uow, account)
        if account.email_verified_at is None:
            _mail_verification(uow, account)
        elif account.pending_email is not None:
            request_email_change(uow, account, account.pending_email, budget=Budget.RESENDS)
        else:
            raise WrongState(account.status)
    return account


def set_mailbox(ports: Ports, username_or_id: str, *, email: str) -> Account:
    """Set a new mailbox for a person who has lost theirs; the person must follow the link that is mailed there (OPS-1).

    A verified mailbox remains until then and receives a notice of the change (PRO-2, PRO-3). An unverified mailbox is
    replaced at once without a notice, because it may belong to a stranger. Password reset links become invalid.
    Raises NotFound, WrongState, MailboxTaken, InvalidValue (`same_mailbox`), TooSoon.
    """
    with locked_account(ports, username_or_id, "account.mailbox_set", *OPEN) as (uow, account):
        _refuse_lapsed(uow, account)
        if email == account.email:
            raise InvalidValue("same_mailbox")
        if uow.accounts.by_mailbox(account.mailbox_key_for(email)) is not None:
            raise MailboxTaken
        uow.record_action("account.mailbox_set", account.id)
        uow.links.drop(account.id, Purpose.PASSWORD_RESET)
        if account.email_verified_at is None:
            account.email = email
            account.revise(uow.clock.now())
            _mail_verification(uow, account)
        else:
            request_email_change(uow, account, email, budget=Budget.RESENDS)
    return account


def _refuse_lapsed(uow: UnitOfWork, account: Account) -> None:
    if account.has_lapsed(uow.clock.now()):
        raise WrongState("lapsed")


def _mail_verification(uow: UnitOfWork, account: Account) -> None:
    uow.count(resend_quota(account).counters, TooSoon)
    request_verification(uow, account)
