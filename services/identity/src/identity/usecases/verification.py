"""Verification of a mailbox by a mailed link, resending of the link, and correction of an unverified mailbox (VER)."""

from dataclasses import dataclass
from datetime import datetime

from port_events.catalogue import AccountEmailVerified

from identity.domain.account import UNVERIFIED_LIFETIME, Account
from identity.domain.errors import (
    AlreadyVerified,
    BadPassword,
    Conflict,
    InvalidValue,
    LinkExpired,
    LinkSuperseded,
    MailboxTaken,
    NotSignedIn,
    TooSoon,
)
from identity.domain.mail_link import Challenge, Purpose
from identity.domain.session import Principal
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.ports.principal_queries import MailState
from identity.usecases.steps import session_termination
from identity.usecases.steps.email_change import replace_mailbox
from identity.usecases.steps.email_verification import request_verification
from identity.usecases.steps.mail_limits import registration_quota, resend_quota, wait_seconds
from identity.usecases.steps.mail_links import read_link
from identity.usecases.steps.password_authentication import verify_current_password

_PURPOSES = (Purpose.REGISTRATION, Purpose.EMAIL_CHANGE)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The account and purpose of a link; `already` is true if the link was used before (VER-2)."""

    account: Account
    purpose: Purpose
    already: bool


def preview(ports: Ports, token: str) -> Confirmation:
    """Return what `confirm` would do; nothing changes, because mail scanners open links too (VER-2).

    Does not disclose whether the mailbox is taken. Raises LinkInvalid, LinkExpired, LinkSuperseded.
    """
    purpose, account_id, value = read_link(ports, token, *_PURPOSES)
    with ports.unit_of_work() as uow:
        account, _, already = _resolve(uow, uow.accounts.get(account_id), purpose, value)
    return Confirmation(account, purpose, already=already)


def confirm(ports: Ports, token: str, *, principal: Principal | None) -> Confirmation:
    """Verify the mailbox of a registration or of a change (VER-2, PRO-2).

    A change ends all sessions and grants of the account, except the `principal`'s session with its grants (PRO-3).
    Raises LinkInvalid, LinkExpired, LinkSuperseded, MailboxTaken.
    """
    purpose, account_id, value = read_link(ports, token, *_PURPOSES)
    try:
        with ports.unit_of_work() as uow:
            account, challenge, already = _resolve(uow, uow.accounts.locked(account_id), purpose, value)
            if not already:
                if purpose is Purpose.REGISTRATION:
                    account.verify_email(uow.clock.now())
                    event = AccountEmailVerified(kind=account.kind, username=account.username)
                    uow.record_event(account, event)
                else:
                    replace_mailbox(uow, account, challenge.email)
                    own = _own_session(account, principal)
                    session_termination.end_sessions_of_account(
                        uow, account.id, "email_changed", except_id=own, keep_grants=True
                    )
                challenge.used_at = uow.clock.now()
                uow.commit()
            return Confirmation(account, purpose, already=already)
    except Conflict:
        raise MailboxTaken from None


def _resolve(
    uow: UnitOfWork, account: Account | None, purpose: Purpose, value: str
) -> tuple[Account, Challenge, bool]:
    """Validate a link; return its account, its challenge and whether the link was used before.

    Raises LinkExpired, LinkSuperseded.
    """
    if account is None or account.closed_at is not None:
        raise LinkExpired(purpose)
    challenge, now = uow.links.get(account.id, purpose), uow.clock.now()
    if challenge is None:
        raise LinkSuperseded
    already = challenge.check(value, now)
    if not already:
        _require_current(account, challenge, now)
    return account, challenge, already


def _require_current(account: Account, challenge: Challenge, now: datetime) -> None:
    """Refuse a link that a change or the lapse of the account invalidated. Raises LinkExpired, LinkSuperseded."""
    if challenge.purpose == Purpose.EMAIL_CHANGE:
        if challenge.email != account.pending_email:
            raise LinkSuperseded
        return
    if account.email_verified_at is not None or challenge.email != account.email:
        raise LinkSuperseded
    if account.has_lapsed(now):
        raise LinkExpired(Purpose.REGISTRATION)


def _own_session(account: Account, principal: Principal | None) -> str | None:
    return principal.session_id if principal and principal.actor.id == account.id else None


def mailbox_changed_since(ports: Ports, account_id: str, since: datetime) -> bool:
    """Return whether a new mailbox was verified after `since`; False if its link's row has been replaced or deleted."""
    with ports.unit_of_work() as uow:
        challenge = uow.links.get(account_id, Purpose.EMAIL_CHANGE)
    return challenge is not None and challenge.used_at is not None and challenge.used_at > since


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationStatus:
    email: str
    mail: MailState | None
    wait_seconds: int
    """The wait before another mail to this mailbox may be requested, or 0."""
    correction_wait_seconds: int
    """The wait before the mailbox may be corrected, or 0."""
    lapses_at: datetime


def status(ports: Ports, principal: Principal) -> VerificationStatus:
    """Return the state of an unverified account (VER-5 to VER-7). Raises NotSignedIn."""
    account = ports.queries.account(principal.actor.id)
    if account is None or account.closed_at is not None or account.has_lapsed(ports.clock.now()):
        raise NotSignedIn
    return VerificationStatus(
        email=account.email,
        mail=ports.queries.verification_mail(account.id),
        wait_seconds=wait_seconds(ports, resend_quota(account).counters),
        correction_wait_seconds=wait_seconds(ports, registration_quota(account).by_subject),
        lapses_at=account.created_at + UNVERIFIED_LIFETIME,
    )


def mail_state(ports: Ports, principal: Principal) -> MailState | None:
    """Return the state of the verification mail, or None if verification is not the next step (VER-6)."""
    if principal.next_step != "verify_email":
        return None
    return ports.queries.verification_mail(principal.actor.id)


def resend(ports: Ports, principal: Principal) -> None:
    """Request verification again; older links become invalid (VER-5).

    Raises TooSoon, AlreadyVerified, NotSignedIn.
    """
    with ports.unit_of_work() as uow:
        account = _locked_unverified(uow, principal)
        uow.count(resend_quota(account).counters, TooSoon)
        request_verification(uow, account)
        uow.commit()


def correct_mailbox(ports: Ports, principal: Principal, *, email: str, password: str) -> None:
    """Replace the mailbox of an unverified account, and request its verification; the old link becomes invalid (VER-8).

    Does not disclose whether the new mailbox is taken (REG-9). Raises AlreadyVerified, NotSignedIn, InvalidValue
    (`same_mailbox`), BadPassword, SessionEnded, TooManyChecks, TooSoon, Busy.
    """
    before = ports.queries.account(principal.actor.id)
    if before is None:
        raise NotSignedIn
    if email == before.email:
        raise InvalidValue("same_mailbox")
    verify_current_password(ports, before, password=password, session_id=principal.session_id)
    with ports.unit_of_work() as uow:
        account = _locked_unverified(uow, principal)
        if account.credential_version != before.credential_version:
            raise BadPassword
        account.email = email
        account.revision += 1
        uow.count(registration_quota(account).counters, TooSoon)
        uow.record_action("account.mailbox_corrected", account.id)
        request_verification(uow, account)
        uow.commit()


def _locked_unverified(uow: UnitOfWork, principal: Principal) -> Account:
    account = uow.accounts.locked(principal.actor.id)
    if account is None or account.closed_at is not None or account.has_lapsed(uow.clock.now()):
        raise NotSignedIn
    if account.email_verified_at is not None:
        raise AlreadyVerified
    return account
