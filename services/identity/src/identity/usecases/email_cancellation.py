"""Cancellation of a mailbox change by the link mailed to the old mailbox, even after the change (PRO-3)."""

from dataclasses import dataclass

from port_events.catalogue import EmailChangeCancelled

from identity.domain.account import Account
from identity.domain.errors import Conflict, LinkExpired, LinkSuperseded, MailboxTaken
from identity.domain.mail import MailRequest
from identity.domain.mail_link import Challenge, Purpose
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps import session_termination
from identity.usecases.steps.email_change import cancel_email_change, replace_mailbox
from identity.usecases.steps.mail_links import read_link


@dataclass(frozen=True, slots=True)
class Cancellation:
    account: Account
    email: str
    """The mailbox from before the change."""
    restores: bool
    """Whether `email` is restored, because the change took effect."""
    already: bool
    """Whether the link was used before, or nothing remains to be cancelled."""


def preview(ports: Ports, token: str) -> Cancellation:
    """Return what `cancel` would do. Raises LinkInvalid, LinkExpired, LinkSuperseded."""
    _, account_id, value = read_link(ports, token, Purpose.EMAIL_CANCEL)
    with ports.unit_of_work() as uow:
        cancellation, _ = _resolve(uow, uow.accounts.get(account_id), value)
    return cancellation


def cancel(ports: Ports, token: str) -> Cancellation:
    """Drop a pending change, restore the mailbox if a change took effect, and mail a confirmation.

    All sessions and grants end, because whoever requested the change knows the password.
    Raises LinkInvalid, LinkExpired, LinkSuperseded, MailboxTaken.
    """
    _, account_id, value = read_link(ports, token, Purpose.EMAIL_CANCEL)
    try:
        with ports.unit_of_work() as uow:
            cancellation, challenge = _resolve(uow, uow.accounts.locked(account_id), value)
            if not cancellation.already:
                _cancel(uow, cancellation, challenge)
                uow.commit()
            return cancellation
    except Conflict:
        raise MailboxTaken from None


def _resolve(uow: UnitOfWork, account: Account | None, value: str) -> tuple[Cancellation, Challenge]:
    """Validate a link; return what it cancels, and its challenge. Raises LinkExpired, LinkSuperseded."""
    if account is None or account.closed_at is not None:
        raise LinkExpired(Purpose.EMAIL_CANCEL)
    challenges = (
        uow.links.get(account.id, purpose) for purpose in (Purpose.EMAIL_CANCEL, Purpose.EMAIL_RESTORE)
    )
    challenge = next((each for each in challenges if each is not None and each.is_of(value)), None)
    if challenge is None:
        raise LinkSuperseded
    used = challenge.check(value, uow.clock.now())
    restores = challenge.email != account.email
    already = used or not (restores or account.pending_email)
    cancellation = Cancellation(account, challenge.email, restores=restores and not already, already=already)
    return cancellation, challenge


def _cancel(uow: UnitOfWork, cancellation: Cancellation, challenge: Challenge) -> None:
    account = cancellation.account
    challenge.used_at = uow.clock.now()
    cancel_email_change(uow, account)
    if challenge.purpose == Purpose.EMAIL_RESTORE:
        uow.links.drop(account.id, Purpose.EMAIL_CANCEL)  # the link that cancels a later change
    session_termination.end_sessions_of_account(uow, account.id, "email_changed")
    if cancellation.restores:
        replace_mailbox(uow, account, cancellation.email, restores=True)
    uow.record_event(account, EmailChangeCancelled(), mail=MailRequest.notice(account, uow.clock.now()))
