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
from identity.domain.limits import PASSWORD_CHECK
from identity.domain.link import Purpose
from identity.domain.password import normalized
from identity.domain.session import Standing
from identity.usecases import auditing
from identity.usecases.email_change import (
    forget_expired_email_change,
    forget_pending_email,
    request_email_change,
)
from identity.usecases.login import refuse_switched
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.publication import Mail, announce
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


def show(ports: Ports, standing: Standing) -> Account:
    """Return one's own account. Raises WhileSwitched, NotSignedIn."""
    refuse_switched(standing)
    account = ports.reader.account(standing.account.id)
    if account is None:
        raise NotSignedIn
    if account.pending_email is not None:
        with ports.unit_of_work() as work:
            forget_expired_email_change(work, account, ports.clock.now())
    return account


def change(
    ports: Ports, standing: Standing, changes: Changes, *, revision: int, current_password: str | None
) -> Account:
    """Save changes against the revision they were made from (PRO-1, PRO-2, PRO-5).

    Raises WhileSwitched, RevisionStale, BadPassword, PasswordLocked, TooSoon.
    """
    refuse_switched(standing)
    proven = show(ports, standing)
    renewed = changes.email if changes.email != proven.email else None
    if renewed is not None:
        _prove_present(ports, proven, current_password or "")
    with ports.unit_of_work() as work:
        account = _locked(work, ports, standing)
        if renewed is not None and account.credential_version != proven.credential_version:
            raise BadPassword  # it was changed meanwhile, perhaps to keep just this asker out
        if account.revision != revision:
            raise RevisionStale
        _save(work, ports, account, changes)
        if renewed is not None:
            request_email_change(work, ports, account, renewed)
        work.commit()
        return account


def _locked(work: UnitOfWork, ports: Ports, standing: Standing) -> Account:
    account = work.accounts.locked(standing.account.id)
    if account is None or account.closed_at is not None or account.suspended_at is not None:
        raise NotSignedIn
    forget_expired_email_change(work, account, ports.clock.now())
    return account


def _save(work: UnitOfWork, ports: Ports, account: Account, changes: Changes) -> None:
    values = changes.new_values(account)
    if not values:
        return
    for attribute, value in values.items():
        setattr(account, attribute, value)
    account.revision += 1
    announce(work, ports, account, AccountProfileChanged(fields=tuple(sorted(values))))


def withdraw_email_change(ports: Ports, standing: Standing) -> None:
    """Forget the pending mailbox; its link is void (PRO-2). Raises WhileSwitched, NotFound."""
    refuse_switched(standing)
    with ports.unit_of_work() as work:
        account = _locked(work, ports, standing)
        if account.pending_email is None:
            raise NotFound
        forget_pending_email(work, account)
        auditing.note(work, ports, "email_change.withdrawn", account.id)
        work.commit()


def change_password(
    ports: Ports, standing: Standing, *, current: str, new: str, end_binding: bool = False
) -> Account:
    """Change one's own password; every other session ends with it, and a change of mailbox under way (PRO-4, UNB-5).

    Raises WhileSwitched, BadPassword, PasswordLocked, Fault (the policy's), PasswordReused, Busy.
    """
    refuse_switched(standing)
    account = show(ports, standing)
    _prove_present(ports, account, current)
    password_hash = new_hash(ports, account, new)
    with ports.unit_of_work() as work:
        kept = _locked(work, ports, standing)
        if kept.credential_version != account.credential_version:
            raise BadPassword
        kept.set_password(password_hash)
        work.sessions.end_of_account(kept.id, but=standing.session_id)
        work.links.drop(kept.id, Purpose.PASSWORD_RESET)
        forget_pending_email(work, kept)
        if end_binding and kept.kind == "general":
            remove_all(work, ports, kept, "password_changed")
        announce_password(work, ports, kept, "changed")
        work.commit()
        return kept


def new_hash(ports: Ports, account: Account, password: str) -> str:
    """Return the hash of a password that the policy takes. Raises Fault, PasswordReused, Busy."""
    ports.rules.passwords.check(password, account.own_words)
    secret = normalized(password)
    if any(ports.passwords.verify(former, secret) for former in account.remembered_hashes):
        raise PasswordReused
    return ports.passwords.hash(secret)


def announce_password(work: UnitOfWork, ports: Ports, account: Account, reason: PasswordReason) -> None:
    """Announce the change, with a notice to the mailbox (PRO-4)."""
    mail = Mail.notice(account, ports.clock.now(), reason=reason)
    announce(work, ports, account, AccountPasswordChanged(reason=reason), mail=mail)


def _prove_present(ports: Ports, account: Account, password: str) -> None:
    """Check the present password, counted apart from logins. Raises BadPassword, PasswordLocked, Busy."""
    now = ports.clock.now()
    key = PASSWORD_CHECK.key(account.id)
    (count,) = ports.counters.take([(PASSWORD_CHECK, key)], now)
    if count.exceeded:
        auditing.refuse(ports, "password.refused", account.id, sparing=account.id, why="locked")
        raise PasswordLocked(count.wait_seconds(now))
    try:
        right = ports.passwords.verify(account.password_hash, normalized(password))
    except Busy:
        ports.counters.give_back([key])  # nothing was judged
        raise
    if not right:
        auditing.refuse(ports, "password.refused", account.id, why="bad_password")
        raise BadPassword
    ports.counters.clear([key])


def binding_of(ports: Ports, standing: Standing) -> tuple[Binding, Account] | None:
    """Return the own general account's live binding and the link account that asked for it (UNB-3)."""
    refuse_switched(standing)
    with ports.unit_of_work() as work:
        binding = work.bindings.live_of_general(standing.account.id)
        if binding is None or binding.has_lapsed(ports.clock.now()):
            return None
        link = work.accounts.get(binding.link_account_id)
        return (binding, link) if link else None
