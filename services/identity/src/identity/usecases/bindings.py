"""Tying general accounts to a link account (BIND)."""

from dataclasses import dataclass

from port_events.catalogue import BindCodeIssued, BindingRequested, BindingVerified

from identity.domain.account import Account
from identity.domain.binding import Binding
from identity.domain.code import DIGITS, BindCode
from identity.domain.credential import Credential
from identity.domain.errors import (
    AlreadyBound,
    BadCredentials,
    CodeExhausted,
    CodeExpired,
    CodeWrong,
    Conflict,
    NotBindable,
    NotFound,
    NotSignedIn,
)
from identity.domain.session import ClientInfo, Principal
from identity.usecases.audit import recording
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps import mail_limits
from identity.usecases.steps.authentication import authenticate, clear_failures
from identity.usecases.steps.events import MailRequest, record_event
from identity.usecases.unbinding import lock_general, remove

CODE_PURPOSE = "bind_code"


@dataclass(frozen=True, slots=True)
class BindingEntry:
    """One line of a link account's list (BIND-1)."""

    binding: Binding
    account: Account
    code: BindCode | None


def list_bindings(ports: Ports, principal: Principal) -> list[BindingEntry]:
    """Return the live bindings and those the other side ended, until dismissed (BIND-1, UNB-4)."""
    now = ports.clock.now()
    with ports.unit_of_work() as uow:
        rows = [BindingEntry(*row) for row in uow.bindings.shown_to_link(principal.account.id)]
        for row in rows:
            if row.binding.has_lapsed(now):
                row.binding.remove("lapsed", now)  # shown as it is; `identity tidy` makes it so
        return rows


def request(
    ports: Ports, principal: Principal, *, username: str, password: str, client: ClientInfo
) -> BindingEntry:
    """Bind a general account, to be verified by the code that is mailed to it (BIND-2).

    Raises BadCredentials, Locked, NotBindable, AlreadyBound, TooSoon, Busy.
    """
    target, keys = authenticate(
        ports, username, password=password, client=client, refused_action="binding.refused"
    )
    clear_failures(ports.counters, keys)
    try:
        return _bind(ports, principal, target)
    except BadCredentials:
        recording.record_refusal(ports, "binding.refused", target.id, why="bad_credentials")
        raise
    except Conflict:
        raise AlreadyBound(here=False) from None


def _bind(ports: Ports, principal: Principal, target: Credential) -> BindingEntry:
    if target.persona.kind != "general":
        raise NotBindable  # before its row is waited for: it may be the asker's own, or of one who asks for this one
    with ports.unit_of_work() as uow:
        _lock_link_account(uow, principal)
        general = uow.accounts.locked(target.id)
        if general is not None and general.credential_version != target.credential_version:
            raise BadCredentials
        if general is None or general.status != "active":
            raise NotBindable
        _refuse_bound(uow, ports, general, principal)
        binding = Binding.request(
            ports.randomness.identifier(),
            link_id=principal.account.id,
            general_id=general.id,
            now=ports.clock.now(),
        )
        uow.bindings.dismiss_removed(principal.account.id, general.id)
        uow.bindings.add(binding)
        record_event(
            uow, ports, general, BindingRequested(binding_id=binding.id, link_account_id=principal.account.id)
        )
        code = issue_code(uow, ports, general, binding)
        uow.commit()
        return BindingEntry(binding, general, code)


def _lock_link_account(uow: UnitOfWork, principal: Principal) -> None:
    """Keep the link account from being closed or suspended meanwhile; its row comes before the general one's."""
    link = uow.accounts.shared(principal.account.id)
    if link is None or link.status != "active":
        raise NotSignedIn


def _refuse_bound(uow: UnitOfWork, ports: Ports, general: Account, principal: Principal) -> None:
    """Raise AlreadyBound, unless what is there was never verified in time (BIND-3, BIND-8)."""
    present = uow.bindings.live_of_general(general.id)
    if present is None:
        return
    if not present.has_lapsed(ports.clock.now()):
        raise AlreadyBound(here=present.link_account_id == principal.account.id)
    remove(uow, ports, general, present, "lapsed")
    uow.flush()


def issue_code(uow: UnitOfWork, ports: Ports, general: Account, binding: Binding) -> BindCode:
    """Mail a new code; the older one is void (BIND-6). Raises TooSoon."""
    mail_limits.consume_quota(uow, ports, purpose=CODE_PURPOSE, subject=general.id, mailbox=general.email)
    digits, challenge = ports.randomness.digits(DIGITS), ports.randomness.token()
    code = BindCode(
        binding_id=binding.id,
        challenge=challenge,
        digest=ports.tokens.code_digest(challenge, digits),
        issued_at=ports.clock.now(),
    )
    uow.codes.put(code)
    mail = _mail(uow, general, binding, code)
    mail.content["code"] = digits
    record_event(
        uow,
        ports,
        general,
        BindCodeIssued(binding_id=binding.id, link_account_id=binding.link_account_id),
        mail=mail,
    )
    return code


def _mail(uow: UnitOfWork, general: Account, binding: Binding, code: BindCode) -> MailRequest:
    """Tell who asks: link account, person, company (BIND-7)."""
    return MailRequest(general.email, general.name, code.expires_at, **_parties(uow, general, binding))


def _parties(uow: UnitOfWork, general: Account, binding: Binding) -> dict[str, str]:
    link = uow.accounts.get(binding.link_account_id)
    if link is None:
        raise NotFound
    return {
        "username": general.username,
        "company": general.company_name,
        "link_username": link.username,
        "link_name": link.name,
        "link_company": link.company_name,
    }


def _own(uow: UnitOfWork, ports: Ports, principal: Principal, binding_id: str) -> tuple[Account, Binding]:
    """Lock a live binding of one's own, its general account first. Raises NotFound."""
    binding = uow.bindings.get(binding_id)
    if binding is None or binding.link_account_id != principal.account.id:
        raise NotFound
    general = lock_general(uow, binding)
    if not binding.is_live or binding.has_lapsed(ports.clock.now()):
        raise NotFound
    return general, binding


def resend_code(ports: Ports, principal: Principal, binding_id: str) -> None:
    """Mail a new code for a binding not yet verified (BIND-6).

    A general account that is suspended gets none: it would not hold.
    Raises NotFound, AlreadyBound, NotBindable, TooSoon.
    """
    with ports.unit_of_work() as uow:
        general, binding = _own(uow, ports, principal, binding_id)
        if binding.status == "verified":
            raise AlreadyBound(here=True)
        if general.status != "active":
            raise NotBindable
        issue_code(uow, ports, general, binding)
        uow.commit()


def verify(ports: Ports, principal: Principal, binding_id: str, *, code: str) -> BindingEntry:
    """Verify a binding by its code (BIND-6).

    The rules do not say what becomes of the code of a general account that was suspended meanwhile: it is refused as
    asking for the binding would be now, no try is counted, and the code holds again if the account is reinstated.
    Raises NotFound, NotBindable, CodeWrong, CodeExpired, CodeExhausted.
    """
    try:
        return _verify(ports, principal, binding_id, code)
    except CodeExhausted:
        recording.record_refusal(
            ports, "bind_code.refused", None, throttle_key=binding_id, binding_id=binding_id, why="code_spent"
        )
        raise


def _verify(ports: Ports, principal: Principal, binding_id: str, code: str) -> BindingEntry:
    with ports.unit_of_work() as uow:
        general, binding = _own(uow, ports, principal, binding_id)
        if binding.status == "verified":
            return BindingEntry(binding, general, None)
        if general.status != "active":
            raise NotBindable
        _try(uow, ports, binding, code)
        binding.verify(ports.clock.now())
        uow.codes.drop(binding.id)
        record_event(
            uow,
            ports,
            general,
            BindingVerified(binding_id=binding.id, link_account_id=binding.link_account_id),
            mail=MailRequest.notice(general, ports.clock.now(), **_parties(uow, general, binding)),
        )
        uow.commit()
        return BindingEntry(binding, general, None)


def _try(uow: UnitOfWork, ports: Ports, binding: Binding, given: str) -> None:
    """Count the try, and keep the count even where the code is wrong (SEC-5)."""
    code = uow.codes.get(binding.id)
    if code is None:
        raise CodeExpired
    code.check_open(ports.clock.now())
    tries = uow.codes.count_try(binding.id, code.challenge)
    if tries is None:
        raise CodeExhausted
    try:
        code.check(ports.tokens.code_digests(code.challenge, given), tries=tries)
    except CodeWrong:
        recording.record(
            uow,
            ports,
            "bind_code.refused",
            binding.general_account_id,
            binding_id=binding.id,
            why="code_wrong",
        )
        uow.commit()
        raise
