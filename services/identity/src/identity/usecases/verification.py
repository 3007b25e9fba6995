"""Proving a mailbox by the mailed link (VER), and asking for the mail again."""

from dataclasses import dataclass
from datetime import datetime

from port_events.catalogue import AccountEmailChanged, AccountEmailVerified

from identity.domain.account import UNVERIFIED_LIFETIME, Account
from identity.domain.errors import (
    AlreadyVerified,
    Conflict,
    LinkExpired,
    LinkInvalid,
    LinkSuperseded,
    MailboxTaken,
    NotSignedIn,
)
from identity.domain.link import Challenge, Purpose
from identity.domain.person import masked_email
from identity.domain.session import Principal
from identity.usecases.ports import MailState, Ports, UnitOfWork
from identity.usecases.registration import record_verification_request
from identity.usecases.steps import mail_limits
from identity.usecases.steps.events import MailRequest, record_event


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What following a link did; `already` tells that it was done before (VER-2)."""

    account: Account
    purpose: Purpose
    already: bool


def confirm(ports: Ports, token: str) -> Confirmation:
    """Take a mailbox as proven: the registration's, or the new one of a change (VER-2, PRO-2).

    Raises LinkInvalid, LinkExpired, LinkSuperseded, MailboxTaken.
    """
    purpose, account_id, value = read_link(ports, token, Purpose.REGISTRATION, Purpose.EMAIL_CHANGE)
    try:
        return _confirm(ports, purpose, account_id, value)
    except Conflict:
        raise MailboxTaken from None


def _confirm(ports: Ports, purpose: Purpose, account_id: str, value: str) -> Confirmation:
    with ports.unit_of_work() as uow:
        found = uow.accounts.locked(account_id), uow.links.get(account_id, purpose)
        account, challenge, already = resolve_challenge(found, purpose, value=value, now=ports.clock.now())
        if already:
            return Confirmation(account, purpose, already=True)
        if purpose is Purpose.REGISTRATION:
            _verify(uow, ports, account, challenge)
        else:
            _change(uow, ports, account, challenge)
        uow.commit()
        return Confirmation(account, purpose, already=False)


def read_link(ports: Ports, token: str, *purposes: Purpose) -> tuple[Purpose, str, str]:
    """Return purpose, account id and challenge of a link of one of the purposes. Raises LinkInvalid."""
    for purpose in purposes:
        try:
            return (purpose, *ports.tokens.read_link(purpose, token))
        except LinkInvalid:
            continue
    raise LinkInvalid


def resolve_challenge(
    found: tuple[Account | None, Challenge | None], purpose: Purpose, *, value: str, now: datetime
) -> tuple[Account, Challenge, bool]:
    """Return whose mailbox a link proves, by what, and whether it was followed before; for who looks and who confirms.

    Raises LinkExpired, LinkSuperseded where it holds no more.
    """
    account, challenge = found
    if account is None or account.closed_at is not None:
        raise LinkExpired(purpose)
    if challenge is None:
        raise LinkSuperseded
    already = challenge.check(value, now)
    if not already:
        _refuse_void(account, challenge, now)
    return account, challenge, already


def _refuse_void(account: Account, challenge: Challenge, now: datetime) -> None:
    """Refuse what a change of the account has made void. Raises LinkExpired, LinkSuperseded."""
    if challenge.purpose == Purpose.EMAIL_CHANGE:
        if challenge.email != account.pending_email:
            raise LinkSuperseded
        return
    if account.email_verified_at is not None or challenge.email != account.email:
        raise LinkSuperseded
    if account.has_lapsed(now):
        raise LinkExpired(Purpose.REGISTRATION)


def _verify(uow: UnitOfWork, ports: Ports, account: Account, challenge: Challenge) -> None:
    account.verify_email(ports.clock.now())
    uow.links.use(challenge, ports.clock.now())
    record_event(uow, ports, account, AccountEmailVerified(kind=account.kind, username=account.username))


def _change(uow: UnitOfWork, ports: Ports, account: Account, challenge: Challenge) -> None:
    old, now = account.adopt_pending_email(), ports.clock.now()
    uow.links.use(challenge, ports.clock.now())
    _void_what_the_old_mailbox_got(uow, account)
    notice = MailRequest.notice(account, now, new_email_masked=masked_email(account.email))
    notice.address = old
    record_event(uow, ports, account, AccountEmailChanged(), mail=notice)


def _void_what_the_old_mailbox_got(uow: UnitOfWork, account: Account) -> None:
    """Open bind codes and password links of the old mailbox prove nothing any more (PRO-2)."""
    uow.links.drop(account.id, Purpose.PASSWORD_RESET)
    binding = uow.bindings.live_of_general(account.id)
    if binding is not None:
        uow.codes.drop(binding.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationStatus:
    """How far an unverified account is; `lapses_at` is the last moment to verify it (VER-7)."""

    email: str
    mail: MailState | None
    wait_seconds: int
    lapses_at: datetime


def status(ports: Ports, principal: Principal) -> VerificationStatus:
    """Return where the mail went, what became of it, how long to wait for another (VER-5, VER-6).

    Raises NotSignedIn.
    """
    account = ports.queries.account(principal.actor.id)
    if account is None or account.closed_at is not None or account.has_lapsed(ports.clock.now()):
        raise NotSignedIn
    return VerificationStatus(
        email=account.email,
        mail=ports.queries.verification_mail(account.id),
        wait_seconds=mail_limits.wait_seconds(
            ports, purpose=Purpose.REGISTRATION, subject=account.id, mailbox=account.email
        ),
        lapses_at=account.created_at + UNVERIFIED_LIFETIME,
    )


def resend(ports: Ports, principal: Principal) -> None:
    """Mail the verification link again; older links are void (VER-5). Raises TooSoon, AlreadyVerified, NotSignedIn."""
    with ports.unit_of_work() as uow:
        account = uow.accounts.locked(principal.actor.id)
        if account is None or account.closed_at is not None or account.has_lapsed(ports.clock.now()):
            raise NotSignedIn
        if account.email_verified_at is not None:
            raise AlreadyVerified
        mail_limits.consume_quota(
            uow, ports, purpose=Purpose.REGISTRATION, subject=account.id, mailbox=account.email
        )
        record_verification_request(uow, ports, account)
        uow.commit()
