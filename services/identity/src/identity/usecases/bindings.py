"""Bindings of general accounts to link accounts: request, verification, list (BIND), and end by either side (UNB)."""

from dataclasses import dataclass
from datetime import datetime

from port_events.catalogue import BindingRequested, BindingVerified

from identity.domain.account import Account
from identity.domain.bind_code import BindCode
from identity.domain.binding import Binding, list_order
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
    ReviewRejected,
)
from identity.domain.mail import MailRequest
from identity.domain.session import ClientInfo, Principal
from identity.usecases.audit.recording import record_refusal
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.bind_codes import issue_code, link_of, parties
from identity.usecases.steps.mail_limits import code_quota, wait_seconds
from identity.usecases.steps.password_authentication import authenticate, clear_failures
from identity.usecases.steps.unbinding import lock_general, own_binding, remove


@dataclass(frozen=True, slots=True)
class BindingEntry:
    """A binding with its general account and its newest code, if there is one."""

    binding: Binding
    account: Account
    code: BindCode | None

    @property
    def code_expires_at(self) -> datetime | None:
        """When the code expires; None if there is no code, or the binding is verified or has ended."""
        return self.code.expires_at if self.code and self.binding.status == "unverified" else None


def list_bindings(ports: Ports, principal: Principal) -> list[BindingEntry]:
    """Return live bindings, and ended bindings until they are dismissed, in the order of `list_order` (UNB-4)."""
    with ports.unit_of_work() as uow:
        now = uow.clock.now()
        entries = [BindingEntry(*row) for row in uow.bindings.shown_to_link(principal.account.id)]
        for entry in entries:
            if entry.binding.has_lapsed(now):
                entry.binding.remove("lapsed", now)  # for display; cleanup stores the change
        return sorted(entries, key=lambda entry: list_order(entry.binding))


def request(
    ports: Ports, principal: Principal, *, username: str, password: str, client: ClientInfo
) -> BindingEntry:
    """Add an unverified binding to the general account with this password, and mail that account a bind code (BIND-2).

    A wrong password counts as a failed login (BIND-3).
    Raises BadCredentials, Locked, NotBindable, AlreadyBound, NotSignedIn, TooSoon, Busy.
    """
    try:
        target, attempt = authenticate(
            ports, username, password=password, client=client, refused_action="binding.refused"
        )
    except ReviewRejected:
        raise BadCredentials from None
    clear_failures(ports, attempt)
    try:
        return _bind(ports, principal, target)
    except BadCredentials:
        record_refusal(ports, "binding.refused", target.id, why="bad_credentials")
        raise
    except Conflict:
        raise AlreadyBound(here=False) from None


def _bind(ports: Ports, principal: Principal, target: Credential) -> BindingEntry:
    # Checked before any lock: two link accounts that request each other would wait for each other's row.
    if target.summary.kind != "general":
        raise NotBindable(is_link=True)
    with ports.unit_of_work() as uow:
        _lock_link_account(uow, principal)
        general = uow.accounts.locked(target.id)
        if general is not None and general.credential_version != target.credential_version:
            raise BadCredentials
        if general is None or general.status != "active":
            raise NotBindable
        _require_unbound(uow, general, principal)
        link_id = principal.account.id
        binding = Binding.request(
            uow.randomness.identifier(), link_id=link_id, general_id=general.id, now=uow.clock.now()
        )
        uow.bindings.dismiss_removed(link_id, general.id)
        uow.bindings.add(binding)
        uow.record_event(general, BindingRequested(binding_id=binding.id, link_account_id=link_id))
        code = issue_code(uow, general, binding)
        uow.commit()
        return BindingEntry(binding, general, code)


def _lock_link_account(uow: UnitOfWork, principal: Principal) -> None:
    """Prevent the link account from being closed or suspended before the commit. Raises NotSignedIn.

    Its row is locked before the general account's row, as in all use cases.
    """
    link = uow.accounts.shared(principal.account.id)
    if link is None or link.status != "active":
        raise NotSignedIn


def _require_unbound(uow: UnitOfWork, general: Account, principal: Principal) -> None:
    """End a live binding that has lapsed (BIND-8). Raises AlreadyBound for any other live binding (BIND-3)."""
    binding = uow.bindings.live_of_general(general.id)
    if binding is None:
        return
    if not binding.has_lapsed(uow.clock.now()):
        raise AlreadyBound(here=binding.link_account_id == principal.account.id)
    remove(uow, general, binding, "lapsed")
    uow.flush()


def resend_code(ports: Ports, principal: Principal, binding_id: str) -> None:
    """Mail a new code, which invalidates the old one (BIND-6).

    Raises NotFound, AlreadyBound if the binding is verified, NotBindable if the general account is not active, TooSoon.
    """
    with ports.unit_of_work() as uow:
        general, binding = _lock_own(uow, principal, binding_id)
        if binding.status == "verified":
            raise AlreadyBound(here=True)
        if general.status != "active":
            raise NotBindable
        issue_code(uow, general, binding)
        uow.commit()


def code_wait_seconds(ports: Ports, general: Account) -> int:
    return wait_seconds(ports, code_quota(general).counters)


def verify(ports: Ports, principal: Principal, binding_id: str, *, code: str) -> BindingEntry:
    """Verify a binding by its code; a verified binding is returned unchanged (BIND-6).

    While the general account is suspended, NotBindable is raised and the attempt is not counted. No rule covers this.
    Raises NotFound, NotBindable, CodeWrong, CodeExpired, CodeExhausted.
    """
    try:
        return _verify(ports, principal, binding_id, code)
    except CodeExhausted:
        record_refusal(
            ports,
            "bind_code.refused",
            None,
            throttle_key=binding_id,
            binding_id=binding_id,
            why="code_spent",
        )
        raise


def _verify(ports: Ports, principal: Principal, binding_id: str, code: str) -> BindingEntry:
    with ports.unit_of_work() as uow:
        general, binding = _lock_own(uow, principal, binding_id)
        if binding.status == "verified":
            return BindingEntry(binding, general, None)
        if general.status != "active":
            raise NotBindable
        _check_code(uow, binding, code)
        now = uow.clock.now()
        binding.verify(now)
        uow.codes.drop(binding.id)
        uow.record_event(
            general,
            BindingVerified(binding_id=binding.id, link_account_id=binding.link_account_id),
            mail=MailRequest.notice(general, now, **parties(general, link_of(uow, binding))),
        )
        uow.commit()
        return BindingEntry(binding, general, None)


def _check_code(uow: UnitOfWork, binding: Binding, submitted: str) -> None:
    """Count the attempt, then compare the code. The count is committed even if the code is wrong (SEC-5)."""
    code = uow.codes.get(binding.id)
    if code is None:
        raise CodeExpired
    code.check_open(uow.clock.now())
    tries = uow.codes.count_try(binding.id, code.challenge)
    if tries is None:
        raise CodeExhausted
    try:
        code.check(uow.tokens.code_digests(code.challenge, submitted), tries=tries)
    except CodeWrong:
        uow.record_action(
            "bind_code.refused", binding.general_account_id, binding_id=binding.id, why="code_wrong"
        )
        uow.commit()
        raise


def _lock_own(uow: UnitOfWork, principal: Principal, binding_id: str) -> tuple[Account, Binding]:
    """Lock the caller's binding and its general account. Raises NotFound if the binding has ended or lapsed."""
    binding = own_binding(uow, principal.account.id, binding_id)
    general = lock_general(uow, binding)
    if not binding.is_live or binding.has_lapsed(uow.clock.now()):
        raise NotFound
    return general, binding


def unbind_from_link(ports: Ports, principal: Principal, binding_id: str) -> None:
    """End the caller's binding if it is live, and remove it from the caller's list (UNB-1, UNB-4). Raises NotFound."""
    with ports.unit_of_work() as uow:
        binding = own_binding(uow, principal.account.id, binding_id)
        general = lock_general(uow, binding)
        if binding.is_live:
            remove(uow, general, binding, "lapsed" if binding.has_lapsed(uow.clock.now()) else "link")
        elif not binding.dismissed:
            uow.record_action("binding.dismissed", general.id, binding_id=binding.id)
        binding.dismissed = True
        uow.commit()


def unbind_from_general(ports: Ports, principal: Principal) -> None:
    """End the binding of the caller's general account, verified or not (UNB-2).

    Raises NotFound if there is none or it has lapsed.
    """
    with ports.unit_of_work() as uow:
        general = uow.accounts.locked(principal.account.id)
        binding = uow.bindings.live_of_general(principal.account.id)
        if general is None or binding is None or binding.has_lapsed(uow.clock.now()):
            raise NotFound
        remove(uow, general, binding, "general")
        uow.commit()


def company_of_ended_binding(ports: Ports, binding_id: str) -> str | None:
    """Return the general account's company if the binding has ended; None if it is live or unknown."""
    with ports.unit_of_work() as uow:
        binding = uow.bindings.get(binding_id)
        general = uow.accounts.get(binding.general_account_id) if binding and not binding.is_live else None
        return general.company_name if general else None


def was_bound(ports: Ports, principal: Principal) -> bool:
    with ports.unit_of_work() as uow:
        return bool(uow.bindings.of_account(principal.account.id))


def binding_of(ports: Ports, principal: Principal) -> tuple[Binding, Account] | None:
    """Return the general account's binding, unless it has ended or lapsed, with the link account (UNB-3).

    Raises ForbiddenWhileSwitched.
    """
    principal.require_not_switched()
    with ports.unit_of_work() as uow:
        binding = uow.bindings.live_of_general(principal.account.id)
        if binding is None or binding.has_lapsed(uow.clock.now()):
            return None
        link = uow.accounts.get(binding.link_account_id)
        return (binding, link) if link else None
