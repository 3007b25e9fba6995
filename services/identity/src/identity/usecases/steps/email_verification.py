"""The mail that verifies the mailbox of a new account, and the notice to the owner of a mailbox (VER, REG-9)."""

from port_events.catalogue import EventData, RegistrationConflicted, VerificationRequested

from identity.domain.account import Account
from identity.domain.mail import MailRequest, names_of
from identity.domain.mail_link import Purpose
from identity.usecases.ports import UnitOfWork
from identity.usecases.steps.mail_links import issue_link


def request_verification(uow: UnitOfWork, account: Account, *, send: bool = True) -> None:
    """Mail an unverified account a new link; if its mailbox is taken, mail the owner a notice instead (REG-9).

    Older links become invalid in both cases. With `send=False`, the event is published without a mail.
    """
    mail = issue_link(uow, account, Purpose.REGISTRATION, email=account.email, review=account.review)
    record_claim(uow, account, VerificationRequested(kind=account.kind), mail, send=send)


def record_claim(
    uow: UnitOfWork, account: Account, event: EventData, mail: MailRequest, *, send: bool = True
) -> None:
    """Record the event with its mail; if the mailbox is taken, record a conflict and notify its owner (REG-9)."""
    owner = uow.accounts.by_mailbox(account.mailbox_key_for(mail.mailbox))
    if owner is not None:
        event, mail = RegistrationConflicted(), _conflict_notice(uow, mail.mailbox, owner)
    uow.record_event(account, event, mail=mail if send else None)


def _conflict_notice(uow: UnitOfWork, email: str, owner: Account) -> MailRequest:
    """Return the notice to an account whose mailbox somebody else entered (REG-9).

    It expires when a link would: the requester sees the state of the mail, which must not disclose the conflict.
    """
    content = {**names_of(owner), "kind": owner.kind, "login_url": f"{uow.rules.public_url}/"}
    return MailRequest(email, owner.name, uow.clock.now() + Purpose.REGISTRATION.lifetime, content)
