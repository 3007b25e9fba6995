"""What operators do to an account (OPS-1, OPS-2): each act is theirs, by `Ports.by`, who say why."""

from collections.abc import Iterator
from contextlib import contextmanager

from port_events.catalogue import AccountReinstated, AccountSuspended

from identity.domain.account import Account, Status
from identity.domain.binding import Binding
from identity.domain.errors import InvalidValue, MailboxTaken, NotFound, WrongState
from identity.domain.link import Purpose
from identity.domain.person import username_key
from identity.domain.rate_limits import LOGIN_ACCOUNT, LOGIN_DEVICE, PASSWORD_CHECK
from identity.usecases.audit import recording
from identity.usecases.bindings import issue_code
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.registration import record_verification_request
from identity.usecases.steps import mail_limits
from identity.usecases.steps.email_change import (
    cancel_email_change,
    drop_expired_email_change,
    request_email_change,
)
from identity.usecases.steps.ending import close as close_account
from identity.usecases.steps.events import record_event
from identity.usecases.unbinding import remove

OPEN: tuple[Status, ...] = ("active", "awaiting_review", "email_unverified", "suspended")
_ID_CHARACTERS = 36


def get_by_name_or_id(uow: UnitOfWork, name: str) -> Account:
    """Return the open account of a name, or any by its id. Raises NotFound."""
    by_id = len(name) == _ID_CHARACTERS  # no account name is so long
    account = uow.accounts.get(name) if by_id else uow.accounts.by_username(username_key(name))
    if account is None:
        raise NotFound
    return account


@contextmanager
def locked_account(
    ports: Ports, name: str, action: str, *states: Status
) -> Iterator[tuple[UnitOfWork, Account]]:
    """Hold the account that is acted on, and keep what was done to it.

    An act that its state does not allow is written down too. Raises NotFound, WrongState.
    """
    account = None
    try:
        with ports.unit_of_work() as uow:
            account = _locked(uow, name)
            _refuse_other_states(account, states)
            yield uow, account
            uow.commit()
    except WrongState as refusal:
        recording.record_refusal(
            ports, "account.act_refused", account.id if account else None, act=action, state=refusal.state
        )
        raise


def _locked(uow: UnitOfWork, name: str) -> Account:
    account = uow.accounts.locked(get_by_name_or_id(uow, name).id)
    if account is None:
        raise NotFound
    return account


def _refuse_other_states(account: Account, states: tuple[Status, ...]) -> None:
    if account.status not in states:
        raise WrongState(account.status)


def _refuse_lapsed(ports: Ports, account: Account) -> None:
    """Raise WrongState where the link to be mailed would open nothing any more (VER-7)."""
    if account.has_lapsed(ports.clock.now()):
        raise WrongState("lapsed")


def suspend(ports: Ports, name: str) -> Account:
    """Suspend an account: its sessions end, and nobody acts as it (OPS-2). Raises NotFound, WrongState."""
    with locked_account(
        ports, name, "account.suspended", "active", "awaiting_review", "email_unverified"
    ) as (
        uow,
        account,
    ):
        suspend_locked(uow, ports, account)
    return account


def suspend_locked(uow: UnitOfWork, ports: Ports, account: Account) -> None:
    """Suspend a locked account: sessions of its own and those acting as it end with the same commit.

    A change of mailbox under way ends too: who asked for it may be why the account is suspended.
    """
    account.suspended_at = ports.clock.now()
    cancel_email_change(uow, account)
    uow.sessions.end_of_account(account.id)
    record_event(uow, ports, account, AccountSuspended())


def reinstate(ports: Ports, name: str) -> Account:
    """Lift a suspension. Raises NotFound, WrongState."""
    with locked_account(ports, name, "account.reinstated", "suspended") as (uow, account):
        account.suspended_at = None
        record_event(uow, ports, account, AccountReinstated())
    return account


def close(ports: Ports, name: str) -> Account:
    """Close an account for good. Raises NotFound, WrongState."""
    with locked_account(ports, name, "account.closed", *OPEN) as (uow, account):
        close_account(uow, ports, account, "operator")
    return account


def unlock(ports: Ports, name: str) -> Account:
    """Lift the locks that failed logins and wrong entries of the password left. Raises NotFound, WrongState."""
    with locked_account(ports, name, "account.unlocked", *OPEN) as (uow, account):
        uow.counters.clear([LOGIN_ACCOUNT.key(str(account.username_key)), PASSWORD_CHECK.key(account.id)])
        uow.counters.clear_prefix(LOGIN_DEVICE.key(account.id, ""))
        recording.record(uow, ports, "account.unlocked", account.id)
    return account


def end_sessions(ports: Ports, name: str) -> int:
    """End what an account holds and what acts as it; return how many sessions. Raises NotFound, WrongState."""
    with locked_account(ports, name, "account.sessions_ended", *OPEN) as (uow, account):
        ended = uow.sessions.end_of_account(account.id)
        recording.record(uow, ports, "account.sessions_ended", account.id, sessions=ended)
    return ended


def end_session(ports: Ports, session_id: str) -> None:
    """End one session. Raises NotFound."""
    with ports.unit_of_work() as uow:
        session = uow.sessions.get(session_id)
        if session is None:
            raise NotFound
        uow.sessions.end(session_id)
        recording.record(uow, ports, "session.ended", session.holder_id, session_id=session_id)
        uow.commit()


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


def remove_binding(ports: Ports, binding_id: str) -> None:
    """End a binding, and every session acting by it (SW-5). Raises NotFound.

    The general side gets the notice, or the link side where the general account is closed (UNB-5); the link side's
    list says that it was removed (UNB-4).
    """
    with _locked_binding(ports, binding_id, "binding.removed", *OPEN, "closed") as (uow, general, binding):
        remove(uow, ports, general, binding, "operator")


def resend_code(ports: Ports, binding_id: str) -> None:
    """Mail a new code for a binding not yet verified. Raises NotFound, WrongState, TooSoon."""
    with _locked_binding(ports, binding_id, "bind_code.issued", "active") as (uow, general, binding):
        if binding.has_lapsed(ports.clock.now()):
            raise NotFound
        if binding.status != "unverified":
            raise WrongState(binding.status)
        issue_code(uow, ports, general, binding)


def resend_mail(ports: Ports, name: str) -> Account:
    """Mail again the link that an account waits for: its first one, or that of a new mailbox (VER-5, PRO-2).

    Counted as if its holder had asked (SEC-6). Raises NotFound, WrongState, TooSoon.
    """
    with locked_account(ports, name, "verification.requested", *OPEN) as (uow, account):
        _refuse_lapsed(ports, account)
        drop_expired_email_change(uow, account, ports.clock.now())
        if account.email_verified_at is None:
            mail_limits.consume_quota(
                uow, ports, purpose=Purpose.REGISTRATION, subject=account.id, mailbox=account.email
            )
            record_verification_request(uow, ports, account)
        elif account.pending_email is not None:
            request_email_change(uow, ports, account, account.pending_email)
        else:
            raise WrongState(account.status)
    return account


def set_mailbox(ports: Ports, name: str, *, email: str) -> Account:
    """Give an account whose holder lost the mailbox a new one, which the link mailed there must prove (OPS-1).

    The old mailbox stays until then, and gets a notice of the change as of any other (PRO-2, PRO-3); one that was never
    proven is put aside at once, and may be a stranger's, so it gets none. Links that set a new password are void.
    Raises NotFound, WrongState, MailboxTaken, InvalidValue (`same_mailbox`), TooSoon.
    """
    with locked_account(ports, name, "account.mailbox_set", *OPEN) as (uow, account):
        _refuse_lapsed(ports, account)
        if email == account.email:
            raise InvalidValue("same_mailbox", "與目前的 Email 相同")
        if uow.accounts.by_mailbox(account.mailbox_key_for(email)) is not None:
            raise MailboxTaken
        recording.record(uow, ports, "account.mailbox_set", account.id)
        uow.links.drop(account.id, Purpose.PASSWORD_RESET)
        if account.email_verified_at is None:
            account.email = email
            account.revision += 1
            mail_limits.consume_quota(
                uow, ports, purpose=Purpose.REGISTRATION, subject=account.id, mailbox=email
            )
            record_verification_request(uow, ports, account)
        else:
            request_email_change(uow, ports, account, email)
    return account
