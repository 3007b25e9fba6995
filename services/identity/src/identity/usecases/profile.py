"""A person's own data: profile, mailbox, password (PRO)."""

from dataclasses import dataclass

from port_events.catalogue import (
    AccountPasswordChanged,
    AccountProfileChanged,
    PasswordReason,
)

from identity.domain.account import Account
from identity.domain.binding import Binding
from identity.domain.errors import (
    BadPassword,
    Busy,
    NotFound,
    NotSignedIn,
    PasswordLocked,
    PasswordReused,
    RevisionStale,
)
from identity.domain.link import Purpose
from identity.domain.password import normalized
from identity.domain.rate_limits import PASSWORD_CHECK
from identity.domain.session import Principal
from identity.usecases.audit import recording
from identity.usecases.login import require_not_switched
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.email_change import (
    cancel_email_change,
    drop_expired_email_change,
    request_email_change,
)
from identity.usecases.steps.events import MailRequest, record_event
from identity.usecases.unbinding import remove_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What may be changed (PRO-1); None leaves it as it is."""

    name: str | None = None
    mobile: str | None = None
    company_phone: str | None = None
    email: str | None = None

    def new_values(self, account: Account) -> dict[str, str]:
        """Return the attributes that really change, but for the mailbox."""
        wanted = {"name": self.name, "mobile": self.mobile, "company_phone": self.company_phone}
        return {
            key: value
            for key, value in wanted.items()
            if value is not None and value != getattr(account, key)
        }


def show(ports: Ports, principal: Principal) -> Account:
    """Return one's own account. Raises ForbiddenWhileSwitched, NotSignedIn."""
    require_not_switched(principal)
    account = ports.queries.account(principal.account.id)
    if account is None:
        raise NotSignedIn
    if account.pending_email is not None:
        with ports.unit_of_work() as uow:
            drop_expired_email_change(uow, account, ports.clock.now())
    return account


def change(
    ports: Ports, principal: Principal, changes: Changes, *, revision: int, current_password: str | None
) -> Account:
    """Save changes against the revision they were made from (PRO-1, PRO-2, PRO-5).

    Raises ForbiddenWhileSwitched, RevisionStale, BadPassword, PasswordLocked, TooSoon.
    """
    require_not_switched(principal)
    proven = show(ports, principal)
    renewed = changes.email if changes.email != proven.email else None
    if renewed is not None:
        verify_current_password(ports, proven, current_password or "")
    with ports.unit_of_work() as uow:
        account = _locked(uow, ports, principal)
        if renewed is not None and account.credential_version != proven.credential_version:
            raise BadPassword  # it was changed meanwhile, perhaps to keep just this asker out
        if account.revision != revision:
            raise RevisionStale
        _save(uow, ports, account, changes)
        if renewed is not None:
            request_email_change(uow, ports, account, renewed)
        uow.commit()
        return account


def _locked(uow: UnitOfWork, ports: Ports, principal: Principal) -> Account:
    account = uow.accounts.locked(principal.account.id)
    if account is None or account.closed_at is not None or account.suspended_at is not None:
        raise NotSignedIn
    drop_expired_email_change(uow, account, ports.clock.now())
    return account


def _save(uow: UnitOfWork, ports: Ports, account: Account, changes: Changes) -> None:
    values = changes.new_values(account)
    if not values:
        return
    for attribute, value in values.items():
        setattr(account, attribute, value)
    account.revision += 1
    record_event(uow, ports, account, AccountProfileChanged(fields=tuple(sorted(values))))


def withdraw_email_change(ports: Ports, principal: Principal) -> None:
    """Forget the pending mailbox; its link is void (PRO-2). Raises ForbiddenWhileSwitched, NotFound."""
    require_not_switched(principal)
    with ports.unit_of_work() as uow:
        account = _locked(uow, ports, principal)
        if account.pending_email is None:
            raise NotFound
        cancel_email_change(uow, account)
        recording.record(uow, ports, "email_change.withdrawn", account.id)
        uow.commit()


def change_password(
    ports: Ports, principal: Principal, *, current: str, new: str, end_binding: bool = False
) -> Account:
    """Change one's own password; every other session ends with it, and a change of mailbox under way (PRO-4, UNB-5).

    Raises ForbiddenWhileSwitched, BadPassword, PasswordLocked, InvalidValue (the policy's), PasswordReused, Busy.
    """
    require_not_switched(principal)
    account = show(ports, principal)
    verify_current_password(ports, account, current)
    password_hash = new_hash(ports, account, new)
    with ports.unit_of_work() as uow:
        kept = _locked(uow, ports, principal)
        if kept.credential_version != account.credential_version:
            raise BadPassword
        kept.set_password(password_hash)
        uow.sessions.end_of_account(kept.id, except_id=principal.session_id)
        uow.links.drop(kept.id, Purpose.PASSWORD_RESET)
        cancel_email_change(uow, kept)
        if end_binding and kept.kind == "general":
            remove_all(uow, ports, kept, "password_changed")
        record_password_change(uow, ports, kept, "changed")
        uow.commit()
        return kept


def new_hash(ports: Ports, account: Account, password: str) -> str:
    """Return the hash of a password that the policy takes. Raises InvalidValue, PasswordReused, Busy."""
    ports.rules.passwords.check(password, account.personal_terms)
    secret = normalized(password)
    if any(ports.passwords.verify(former, secret) for former in account.remembered_hashes):
        raise PasswordReused
    return ports.passwords.hash(secret)


def record_password_change(uow: UnitOfWork, ports: Ports, account: Account, reason: PasswordReason) -> None:
    """Announce the change, with a notice to the mailbox (PRO-4)."""
    mail = MailRequest.notice(account, ports.clock.now(), reason=reason)
    record_event(uow, ports, account, AccountPasswordChanged(reason=reason), mail=mail)


def verify_current_password(ports: Ports, account: Account, password: str) -> None:
    """Check the present password, counted apart from logins. Raises BadPassword, PasswordLocked, Busy."""
    now = ports.clock.now()
    key = PASSWORD_CHECK.key(account.id)
    (count,) = ports.counters.increment([(PASSWORD_CHECK, key)], now)
    if count.exceeded:
        recording.record_refusal(ports, "password.refused", account.id, throttle_key=account.id, why="locked")
        raise PasswordLocked(count.wait_seconds(now))
    try:
        right = ports.passwords.verify(account.password_hash, normalized(password))
    except Busy:
        ports.counters.decrement([key])  # nothing was judged
        raise
    if not right:
        recording.record_refusal(ports, "password.refused", account.id, why="bad_password")
        raise BadPassword
    ports.counters.clear([key])


def binding_of(ports: Ports, principal: Principal) -> tuple[Binding, Account] | None:
    """Return the own general account's live binding and the link account that asked for it (UNB-3)."""
    require_not_switched(principal)
    with ports.unit_of_work() as uow:
        binding = uow.bindings.live_of_general(principal.account.id)
        if binding is None or binding.has_lapsed(ports.clock.now()):
            return None
        link = uow.accounts.get(binding.link_account_id)
        return (binding, link) if link else None
