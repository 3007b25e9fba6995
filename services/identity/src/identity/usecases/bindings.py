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
    CodeExpired,
    CodeSpent,
    CodeWrong,
    Conflict,
    NotBindable,
    NotFound,
    NotSignedIn,
)
from identity.domain.session import Client, Standing
from identity.usecases import auditing, mailing
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.proving import forgive, prove_password
from identity.usecases.publication import Mail, announce
from identity.usecases.unbinding import lock_general, remove

CODE_PURPOSE = "bind_code"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a link account's list (BIND-1)."""

    binding: Binding
    account: Account
    code: BindCode | None


def list_bindings(ports: Ports, standing: Standing) -> list[Row]:
    """Return the live bindings and those the other side ended, until dismissed (BIND-1, UNB-4)."""
    now = ports.clock.now()
    with ports.unit_of_work() as work:
        rows = [Row(*row) for row in work.bindings.shown_to_link(standing.account.id)]
        for row in rows:
            if row.binding.has_lapsed(now):
                row.binding.remove("lapsed", now)  # shown as it is; `identity tidy` makes it so
        return rows


def request(ports: Ports, standing: Standing, *, username: str, password: str, client: Client) -> Row:
    """Bind a general account, to be verified by the code that is mailed to it (BIND-2).

    Raises BadCredentials, Locked, NotBindable, AlreadyBound, TooSoon, Busy.
    """
    target, keys = prove_password(
        ports, username, password=password, client=client, refusal="binding.refused"
    )
    forgive(ports.counters, keys)
    try:
        return _bind(ports, standing, target)
    except BadCredentials:
        auditing.refuse(ports, "binding.refused", target.id, why="bad_credentials")
        raise
    except Conflict:
        raise AlreadyBound(here=False) from None


def _bind(ports: Ports, standing: Standing, target: Credential) -> Row:
    if target.persona.kind != "general":
        raise NotBindable  # before its row is waited for: it may be the asker's own, or of one who asks for this one
    with ports.unit_of_work() as work:
        _hold_link(work, standing)
        general = work.accounts.locked(target.id)
        if general is not None and general.credential_version != target.credential_version:
            raise BadCredentials
        if general is None or general.status != "active":
            raise NotBindable
        _refuse_bound(work, ports, general, standing)
        binding = Binding.request(
            ports.randomness.identifier(),
            link_id=standing.account.id,
            general_id=general.id,
            now=ports.clock.now(),
        )
        work.bindings.dismiss_removed(standing.account.id, general.id)
        work.bindings.add(binding)
        announce(
            work, ports, general, BindingRequested(binding_id=binding.id, link_account_id=standing.account.id)
        )
        code = issue(work, ports, general, binding)
        work.commit()
        return Row(binding, general, code)


def _hold_link(work: UnitOfWork, standing: Standing) -> None:
    """Keep the link account from being closed or suspended meanwhile; its row comes before the general one's."""
    link = work.accounts.shared(standing.account.id)
    if link is None or link.status != "active":
        raise NotSignedIn


def _refuse_bound(work: UnitOfWork, ports: Ports, general: Account, standing: Standing) -> None:
    """Raise AlreadyBound, unless what is there was never verified in time (BIND-3, BIND-8)."""
    present = work.bindings.live_of_general(general.id)
    if present is None:
        return
    if not present.has_lapsed(ports.clock.now()):
        raise AlreadyBound(here=present.link_account_id == standing.account.id)
    remove(work, ports, general, present, "lapsed")
    work.flush()


def issue(work: UnitOfWork, ports: Ports, general: Account, binding: Binding) -> BindCode:
    """Mail a new code; the older one is void (BIND-6). Raises TooSoon."""
    mailing.take_turn(work, ports, purpose=CODE_PURPOSE, subject=general.id, mailbox=general.email)
    digits, challenge = ports.randomness.digits(DIGITS), ports.randomness.token()
    code = BindCode(
        binding_id=binding.id,
        challenge=challenge,
        digest=ports.tokens.code_digest(challenge, digits),
        issued_at=ports.clock.now(),
    )
    work.codes.put(code)
    mail = _mail(work, general, binding, code)
    mail.content["code"] = digits
    announce(
        work,
        ports,
        general,
        BindCodeIssued(binding_id=binding.id, link_account_id=binding.link_account_id),
        mail=mail,
    )
    return code


def _mail(work: UnitOfWork, general: Account, binding: Binding, code: BindCode) -> Mail:
    """Tell who asks: link account, person, company (BIND-7)."""
    return Mail(general.email, general.name, code.expires_at, **_parties(work, general, binding))


def _parties(work: UnitOfWork, general: Account, binding: Binding) -> dict[str, str]:
    link = work.accounts.get(binding.link_account_id)
    if link is None:
        raise NotFound
    return {
        "username": general.username,
        "company": general.company_name,
        "link_username": link.username,
        "link_name": link.name,
        "link_company": link.company_name,
    }


def _own(work: UnitOfWork, ports: Ports, standing: Standing, binding_id: str) -> tuple[Account, Binding]:
    """Lock a live binding of one's own, its general account first. Raises NotFound."""
    binding = work.bindings.get(binding_id)
    if binding is None or binding.link_account_id != standing.account.id:
        raise NotFound
    general = lock_general(work, binding)
    if not binding.is_live or binding.has_lapsed(ports.clock.now()):
        raise NotFound
    return general, binding


def resend_code(ports: Ports, standing: Standing, binding_id: str) -> None:
    """Mail a new code for a binding not yet verified (BIND-6).

    A general account that is suspended gets none: it would not hold.
    Raises NotFound, AlreadyBound, NotBindable, TooSoon.
    """
    with ports.unit_of_work() as work:
        general, binding = _own(work, ports, standing, binding_id)
        if binding.status == "verified":
            raise AlreadyBound(here=True)
        if general.status != "active":
            raise NotBindable
        issue(work, ports, general, binding)
        work.commit()


def verify(ports: Ports, standing: Standing, binding_id: str, *, code: str) -> Row:
    """Verify a binding by its code (BIND-6).

    The rules do not say what becomes of the code of a general account that was suspended meanwhile: it is refused as
    asking for the binding would be now, no try is counted, and the code holds again if the account is reinstated.
    Raises NotFound, NotBindable, CodeWrong, CodeExpired, CodeSpent.
    """
    try:
        return _verify(ports, standing, binding_id, code)
    except CodeSpent:
        auditing.refuse(
            ports, "bind_code.refused", None, sparing=binding_id, binding_id=binding_id, why="code_spent"
        )
        raise


def _verify(ports: Ports, standing: Standing, binding_id: str, code: str) -> Row:
    with ports.unit_of_work() as work:
        general, binding = _own(work, ports, standing, binding_id)
        if binding.status == "verified":
            return Row(binding, general, None)
        if general.status != "active":
            raise NotBindable
        _try(work, ports, binding, code)
        binding.verify(ports.clock.now())
        work.codes.drop(binding.id)
        announce(
            work,
            ports,
            general,
            BindingVerified(binding_id=binding.id, link_account_id=binding.link_account_id),
            mail=Mail.notice(general, ports.clock.now(), **_parties(work, general, binding)),
        )
        work.commit()
        return Row(binding, general, None)


def _try(work: UnitOfWork, ports: Ports, binding: Binding, given: str) -> None:
    """Count the try, and keep the count even where the code is wrong (SEC-5)."""
    code = work.codes.get(binding.id)
    if code is None:
        raise CodeExpired
    code.check_open(ports.clock.now())
    tries = work.codes.count_try(binding.id, code.challenge)
    if tries is None:
        raise CodeSpent
    try:
        code.check(ports.tokens.code_digests(code.challenge, given), tries=tries)
    except CodeWrong:
        auditing.note(
            work,
            ports,
            "bind_code.refused",
            binding.general_account_id,
            binding_id=binding.id,
            why="code_wrong",
        )
        work.commit()
        raise
