"""A change of mailbox while it is under way (PRO-2)."""

from datetime import datetime

from port_events.catalogue import EmailChangeRequested, RegistrationConflicted

from identity.domain.account import Account
from identity.domain.link import Purpose
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.registration import conflict_notice
from identity.usecases.steps import mail_limits
from identity.usecases.steps.events import issue_link, record_event


def request_email_change(uow: UnitOfWork, ports: Ports, account: Account, email: str) -> None:
    """Mail the link to the new mailbox, or the notice to its owner, alike to the asker (PRO-2, REG-9)."""
    mail_limits.consume_quota(uow, ports, purpose=Purpose.EMAIL_CHANGE, subject=account.id, mailbox=email)
    account.pending_email = email
    account.revision += 1
    mail = issue_link(uow, ports, account, Purpose.EMAIL_CHANGE, email=email)
    owner = uow.accounts.by_mailbox(account.mailbox_key_for(email))
    if owner is None:
        record_event(uow, ports, account, EmailChangeRequested(), mail=mail)
    else:
        record_event(uow, ports, account, RegistrationConflicted(), mail=conflict_notice(ports, email, owner))


def drop_expired_email_change(uow: UnitOfWork, account: Account, now: datetime) -> bool:
    """Forget a pending mailbox whose link holds no more, and tell whether there was one (PRO-2).

    A link that is not there any more was swept, long after it had expired. Saving goes by the revision as before:
    the person has changed nothing.
    """
    if account.pending_email is None:
        return False
    challenge = uow.links.get(account.id, Purpose.EMAIL_CHANGE)
    if challenge is not None and now < challenge.expires_at:
        return False
    account.pending_email = None
    return True


def cancel_email_change(uow: UnitOfWork, account: Account) -> None:
    """Void a change of mailbox that is under way: who asked for it may be whom a new password is to keep out."""
    if account.pending_email is not None:
        account.pending_email = None
        account.revision += 1
    uow.links.drop(account.id, Purpose.EMAIL_CHANGE)
