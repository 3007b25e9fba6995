"""What operators do to an account (OPS-1, OPS-2): each act is theirs, by `Ports.by`, who say why."""

from collections.abc import Iterator
from contextlib import contextmanager

from port_events.catalogue import AccountReinstated, AccountSuspended

from identity.domain.account import Account, Status
from identity.domain.binding import Binding
from identity.domain.errors import Fault, MailboxTaken, NotFound, WrongState
from identity.domain.limits import LOGIN_ACCOUNT, LOGIN_DEVICE, PASSWORD_CHECK
from identity.domain.link import Purpose
from identity.domain.person import username_key
from identity.usecases import auditing, mailing
from identity.usecases.bindings import issue
from identity.usecases.closing import close as close_account
from identity.usecases.email_change import (
    forget_expired_email_change,
    forget_pending_email,
    request_email_change,
)
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.publication import announce
from identity.usecases.registration import announce_verification
from identity.usecases.unbinding import remove

OPEN: tuple[Status, ...] = ("active", "awaiting_review", "email_unverified", "suspended")
_ID_CHARACTERS = 36


def locate(work: UnitOfWork, name: str) -> Account:
    """Return the open account of a name, or any by its id. Raises NotFound."""
    by_id = len(name) == _ID_CHARACTERS  # no account name is so long
    account = work.accounts.get(name) if by_id else work.accounts.by_username(username_key(name))
    if account is None:
        raise NotFound
    return account


@contextmanager
def act_on(ports: Ports, name: str, action: str, *states: Status) -> Iterator[tuple[UnitOfWork, Account]]:
    """Hold the account that is acted on, and keep what was done to it.

    An act that its state does not allow is written down too. Raises NotFound, WrongState.
    """
    account = None
    try:
        with ports.unit_of_work() as work:
            account = _locked(work, name)
            _refuse_other_states(account, states)
            yield work, account
            work.commit()
    except WrongState as refusal:
        auditing.refuse(
            ports, "account.act_refused", account.id if account else None, act=action, state=refusal.state
        )
        raise


def _locked(work: UnitOfWork, name: str) -> Account:
    account = work.accounts.locked(locate(work, name).id)
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
    with act_on(ports, name, "account.suspended", "active", "awaiting_review", "email_unverified") as (
        work,
        account,
    ):
        end_use(work, ports, account)
    return account


def end_use(work: UnitOfWork, ports: Ports, account: Account) -> None:
    """Suspend a locked account: sessions of its own and those acting as it end with the same commit.

    A change of mailbox under way ends too: who asked for it may be why the account is suspended.
    """
    account.suspended_at = ports.clock.now()
    forget_pending_email(work, account)
    work.sessions.end_of_account(account.id)
    announce(work, ports, account, AccountSuspended())


def reinstate(ports: Ports, name: str) -> Account:
    """Lift a suspension. Raises NotFound, WrongState."""
    with act_on(ports, name, "account.reinstated", "suspended") as (work, account):
        account.suspended_at = None
        announce(work, ports, account, AccountReinstated())
    return account


def close(ports: Ports, name: str) -> Account:
    """Close an account for good. Raises NotFound, WrongState."""
    with act_on(ports, name, "account.closed", *OPEN) as (work, account):
        close_account(work, ports, account, "operator")
    return account


def unlock(ports: Ports, name: str) -> Account:
    """Lift the locks that failed logins and wrong entries of the password left. Raises NotFound, WrongState."""
    with act_on(ports, name, "account.unlocked", *OPEN) as (work, account):
        work.counters.clear([LOGIN_ACCOUNT.key(str(account.username_key)), PASSWORD_CHECK.key(account.id)])
        work.counters.clear_below(LOGIN_DEVICE.key(account.id, ""))
        auditing.note(work, ports, "account.unlocked", account.id)
    return account


def end_sessions(ports: Ports, name: str) -> int:
    """End what an account holds and what acts as it; return how many sessions. Raises NotFound, WrongState."""
    with act_on(ports, name, "account.sessions_ended", *OPEN) as (work, account):
        ended = work.sessions.end_of_account(account.id)
        auditing.note(work, ports, "account.sessions_ended", account.id, sessions=ended)
    return ended


def end_session(ports: Ports, session_id: str) -> None:
    """End one session. Raises NotFound."""
    with ports.unit_of_work() as work:
        session = work.sessions.get(session_id)
        if session is None:
            raise NotFound
        work.sessions.end(session_id)
        auditing.note(work, ports, "session.ended", session.holder_id, session_id=session_id)
        work.commit()


@contextmanager
def _act_on_binding(
    ports: Ports, binding_id: str, action: str, *states: Status
) -> Iterator[tuple[UnitOfWork, Account, Binding]]:
    """Hold a live binding, its general account first, which must be in one of the states. Raises as `act_on` does."""
    with ports.unit_of_work() as work:
        found = work.bindings.get(binding_id)
    if found is None:
        raise NotFound
    with act_on(ports, found.general_account_id, action, *states) as (work, general):
        binding = work.bindings.locked(binding_id)
        if binding is None or not binding.is_live:
            raise NotFound
        yield work, general, binding


def remove_binding(ports: Ports, binding_id: str) -> None:
    """End a binding, and every session acting by it (SW-5). Raises NotFound.

    The general side gets the notice, or the link side where the general account is closed (UNB-5); the link side's
    list says that it was removed (UNB-4).
    """
    with _act_on_binding(ports, binding_id, "binding.removed", *OPEN, "closed") as (work, general, binding):
        remove(work, ports, general, binding, "operator")


def resend_code(ports: Ports, binding_id: str) -> None:
    """Mail a new code for a binding not yet verified. Raises NotFound, WrongState, TooSoon."""
    with _act_on_binding(ports, binding_id, "bind_code.issued", "active") as (work, general, binding):
        if binding.has_lapsed(ports.clock.now()):
            raise NotFound
        if binding.status != "unverified":
            raise WrongState(binding.status)
        issue(work, ports, general, binding)


def resend_mail(ports: Ports, name: str) -> Account:
    """Mail again the link that an account waits for: its first one, or that of a new mailbox (VER-5, PRO-2).

    Counted as if its holder had asked (SEC-6). Raises NotFound, WrongState, TooSoon.
    """
    with act_on(ports, name, "verification.requested", *OPEN) as (work, account):
        _refuse_lapsed(ports, account)
        forget_expired_email_change(work, account, ports.clock.now())
        if account.email_verified_at is None:
            mailing.take_turn(
                work, ports, purpose=Purpose.REGISTRATION, subject=account.id, mailbox=account.email
            )
            announce_verification(work, ports, account)
        elif account.pending_email is not None:
            request_email_change(work, ports, account, account.pending_email)
        else:
            raise WrongState(account.status)
    return account


def set_mailbox(ports: Ports, name: str, *, email: str) -> Account:
    """Give an account whose holder lost the mailbox a new one, which the link mailed there must prove (OPS-1).

    The old mailbox stays until then, and gets a notice of the change as of any other (PRO-2, PRO-3); one that was never
    proven is put aside at once, and may be a stranger's, so it gets none. Links that set a new password are void.
    Raises NotFound, WrongState, MailboxTaken, Fault (`same_mailbox`), TooSoon.
    """
    with act_on(ports, name, "account.mailbox_set", *OPEN) as (work, account):
        _refuse_lapsed(ports, account)
        if email == account.email:
            raise Fault("same_mailbox", "與目前的 Email 相同")
        if work.accounts.by_mailbox(account.mailbox_claim(email)) is not None:
            raise MailboxTaken
        auditing.note(work, ports, "account.mailbox_set", account.id)
        work.links.drop(account.id, Purpose.PASSWORD_RESET)
        if account.email_verified_at is None:
            account.email = email
            account.revision += 1
            mailing.take_turn(work, ports, purpose=Purpose.REGISTRATION, subject=account.id, mailbox=email)
            announce_verification(work, ports, account)
        else:
            request_email_change(work, ports, account, email)
    return account
