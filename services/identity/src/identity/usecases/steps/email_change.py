"""The change of a verified mailbox: its request, announcement, effect and cancellation (PRO-2, PRO-3)."""

from dataclasses import replace

from port_events.catalogue import AccountEmailChanged, EmailChangeAnnounced, EmailChangeRequested
from port_runtime.mailbox_mask import masked_mailbox

from identity.domain.account import Account
from identity.domain.errors import TooSoon
from identity.domain.mail import MailRequest
from identity.domain.mail_link import Purpose
from identity.usecases.ports import UnitOfWork
from identity.usecases.steps.email_verification import record_claim
from identity.usecases.steps.mail_limits import Budget, MailQuota
from identity.usecases.steps.mail_links import issue_link


def request_email_change(
    uow: UnitOfWork, account: Account, email: str, *, budget: Budget = Budget.CLAIMS
) -> None:
    """Make `email` the pending mailbox, and announce the change to the old mailbox (PRO-2, PRO-3). Raises TooSoon.

    The new mailbox is mailed a link, or, if it is taken, its owner a notice. The caller cannot tell which (REG-9).
    """
    quota = MailQuota(budget, Purpose.EMAIL_CHANGE, (account.id,), email)
    uow.count(quota.counters, TooSoon)
    account.pending_email = email
    account.revise(uow.clock.now())
    mail = issue_link(uow, account, Purpose.EMAIL_CHANGE, email=email)
    record_claim(uow, account, EmailChangeRequested(), mail)
    _announce_email_change(uow, account, email)


def _announce_email_change(uow: UnitOfWork, account: Account, email: str) -> None:
    """Mail the old mailbox a link that cancels the change, even after it took effect (PRO-3)."""
    _keep_link_of_earlier_change(uow, account)
    masked = masked_mailbox(email)
    mail = issue_link(uow, account, Purpose.EMAIL_CANCEL, email=account.email, new_email_masked=masked)
    uow.record_event(account, EmailChangeAnnounced(), mail=mail)


def _keep_link_of_earlier_change(uow: UnitOfWork, account: Account) -> None:
    """Preserve the link that cancels a completed change, so that an intruder cannot invalidate it by another change.

    Of several such links only the earliest is preserved, because it restores the mailbox from before all changes.
    """
    now = uow.clock.now()
    earlier = uow.links.get(account.id, Purpose.EMAIL_CANCEL)
    if earlier is None or not earlier.is_open(now) or earlier.email == account.email:
        return
    earliest = uow.links.get(account.id, Purpose.EMAIL_RESTORE)
    if earliest is None or not earliest.is_open(now):
        uow.links.put(replace(earlier, purpose=Purpose.EMAIL_RESTORE.value))


def replace_mailbox(uow: UnitOfWork, account: Account, email: str, *, restores: bool = False) -> None:
    """Replace the mailbox with the verified `email`, and notify the old mailbox (PRO-2, PRO-3).

    Password reset links and the open bind code become invalid. With `restores`, the notice says that an earlier mailbox
    was restored.
    """
    old = account.replace_email(email, uow.clock.now())
    uow.links.drop(account.id, Purpose.PASSWORD_RESET)
    binding = uow.bindings.live_of_general(account.id)
    if binding is not None:
        uow.codes.drop(binding.id)
    content = {"new_email_masked": masked_mailbox(account.email)} | ({"restored": "yes"} if restores else {})
    notice = MailRequest.notice(account, uow.clock.now(), **content)
    uow.record_event(account, AccountEmailChanged(), mail=replace(notice, mailbox=old))


def drop_expired_email_change(uow: UnitOfWork, account: Account) -> bool:
    """Drop the pending mailbox if its link has expired or was purged; return whether it was dropped (PRO-2).

    The account's revision stays, because the person changed nothing.
    """
    if account.pending_email is None:
        return False
    challenge = uow.links.get(account.id, Purpose.EMAIL_CHANGE)
    if challenge is not None and uow.clock.now() < challenge.expires_at:
        return False
    account.pending_email = None
    return True


def cancel_email_change(uow: UnitOfWork, account: Account) -> None:
    """Drop the pending mailbox, which an intruder may have entered, and its link."""
    if account.pending_email is not None:
        account.pending_email = None
        account.revise(uow.clock.now())
    uow.links.drop(account.id, Purpose.EMAIL_CHANGE)
