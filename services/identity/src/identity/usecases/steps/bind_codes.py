"""Issuance of bind codes (BIND-6)."""

from port_events.catalogue import BindCodeIssued

from identity.domain.account import Account
from identity.domain.bind_code import DIGITS, BindCode
from identity.domain.binding import Binding
from identity.domain.errors import NotFound, TooSoon
from identity.domain.mail import MailRequest, names_of
from identity.usecases.ports import UnitOfWork
from identity.usecases.steps.mail_limits import code_quota


def issue_code(uow: UnitOfWork, general: Account, binding: Binding) -> BindCode:
    """Store and mail a new code, which replaces the previous code. Raises NotFound, TooSoon."""
    uow.count(code_quota(general).counters, TooSoon)
    digits, challenge = uow.randomness.digits(DIGITS), uow.randomness.token()
    code = BindCode(
        binding_id=binding.id,
        challenge=challenge,
        digest=uow.tokens.code_digest(challenge, digits),
        issued_at=uow.clock.now(),
    )
    uow.codes.put(code)
    content = {**parties(general, link_of(uow, binding)), "code": digits}
    uow.record_event(
        general,
        BindCodeIssued(binding_id=binding.id, link_account_id=binding.link_account_id),
        mail=MailRequest(general.email, general.name, code.expires_at, content),
    )
    return code


def link_of(uow: UnitOfWork, binding: Binding) -> Account:
    """Return a binding's link account. Raises NotFound."""
    link = uow.accounts.get(binding.link_account_id)
    if link is None:
        raise NotFound
    return link


def parties(general: Account, link: Account) -> dict[str, str]:
    """Return the template values that name both accounts and their companies (BIND-7)."""
    return {
        **names_of(general),
        "link_username": link.username,
        "link_name": link.name,
        "link_company": link.company_name,
    }
