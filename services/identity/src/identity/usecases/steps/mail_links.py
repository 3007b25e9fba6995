"""Creation of mailed links, and validation of their tokens (SEC-4)."""

from identity.domain.account import Account
from identity.domain.errors import LinkInvalid
from identity.domain.mail import MailRequest, names_of
from identity.domain.mail_link import Challenge, Purpose
from identity.usecases.ports import Ports, UnitOfWork


def issue_link(
    uow: UnitOfWork, account: Account, purpose: Purpose, *, email: str, **content: str
) -> MailRequest:
    """Store a new challenge, which invalidates the previous link for the purpose; return the mail with the new link."""
    challenge = Challenge(
        account_id=account.id,
        purpose=purpose.value,
        value=uow.randomness.token(),
        email=email,
        issued_at=uow.clock.now(),
    )
    uow.links.put(challenge)
    token = uow.tokens.link(purpose, account.id, challenge.value)
    link = f"{uow.rules.public_url}{purpose.path}?token={token}"
    values = {**names_of(account), "link": link, **content}
    return MailRequest(email, account.name, challenge.expires_at, values)


def read_link(ports: Ports, token: str, *purposes: Purpose) -> tuple[Purpose, str, str]:
    """Return a link's purpose, account id and challenge value. Raises LinkInvalid, LinkExpired.

    A signature is valid for one purpose only, so all `purposes` are tried.
    """
    for purpose in purposes:
        try:
            return (purpose, *ports.tokens.read_link(purpose, token))
        except LinkInvalid:
            continue
    raise LinkInvalid
