"""Operators' queries about accounts, their bindings, logins and audit entries (OPS-1).

Functions with a `username_or_id` raise NotFound if it is neither an open account's username nor an account's id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from identity.domain.account import Account
from identity.domain.characters import fold_variants, to_half_width
from identity.domain.open_login import OpenLogin, ServiceLogin, open_logins
from identity.domain.rate_limits import LOGIN_ACCOUNT
from identity.usecases.audit.recording import record_read
from identity.usecases.ports import Ports
from identity.usecases.ports.accounts import AccountFilter
from identity.usecases.ports.audit import AuditFilter, AuditRecord
from identity.usecases.ports.bindings import BindingWithAccounts
from identity.usecases.ports.principal_queries import MailState
from identity.usecases.steps.account_lookup import get_by_username_or_id
from identity.usecases.steps.email_change import drop_expired_email_change


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDetails:
    account: Account
    verification_mail: MailState | None
    """The state of the newest verification mail; None if the outbox has none."""
    locked_until: datetime | None
    """None unless failed logins lock the username (SEC-3). Locks of browsers and client addresses are not included."""


def find(ports: Ports, criteria: AccountFilter) -> Sequence[Account]:
    """Return matching accounts, oldest first."""
    record_read(ports, "account.searched", None, criteria=_without_paging(criteria, cursor="after"))
    with ports.unit_of_work() as uow:
        return uow.accounts.find(_normalized(criteria))


def _without_paging(criteria: AccountFilter | AuditFilter, *, cursor: str) -> dict[str, Any]:
    return {name: value for name, value in asdict(criteria).items() if name not in {cursor, "limit"}}


def _normalized(criteria: AccountFilter) -> AccountFilter:
    return replace(
        criteria,
        name=criteria.name and fold_variants(criteria.name),
        company=criteria.company and fold_variants(criteria.company),
        mailbox=criteria.mailbox and to_half_width(criteria.mailbox).lower(),
        tax_id=criteria.tax_id and to_half_width(criteria.tax_id),
    )


def show(ports: Ports, username_or_id: str) -> AccountDetails:
    found = details(ports, username_or_id)
    record_read(ports, "account.read", found.account.id)
    return found


def details(ports: Ports, username_or_id: str) -> AccountDetails:
    """Return what `show` returns, without an audit entry: the caller has just recorded a change of the account."""
    with ports.unit_of_work() as uow:
        account = get_by_username_or_id(uow, username_or_id)
        drop_expired_email_change(uow, account)  # for display; nothing is committed
    return AccountDetails(
        account=account,
        verification_mail=ports.queries.verification_mail(account.id),
        locked_until=_locked_until(ports, account),
    )


def _locked_until(ports: Ports, account: Account) -> datetime | None:
    now = ports.clock.now()
    (state,) = ports.counters.peek([LOGIN_ACCOUNT.counter(str(account.username_key))], now)
    return state.expires_at if state.is_full(now) else None


def bindings_of(ports: Ports, username_or_id: str) -> Sequence[BindingWithAccounts]:
    """Return all bindings of the account, live and ended, newest first."""
    with ports.unit_of_work() as uow:
        account_id = get_by_username_or_id(uow, username_or_id).id
        found = uow.bindings.of_account(account_id)
    record_read(ports, "account.read", account_id, part="bindings")
    return found


def logins_of(ports: Ports, username_or_id: str) -> Sequence[OpenLogin]:
    """Return the open logins that the account made or that act as the account, each with its services."""
    with ports.unit_of_work() as uow:
        account_id = get_by_username_or_id(uow, username_or_id).id
        now, sessions = uow.clock.now(), uow.sessions.of_account(account_id)
        services = uow.service_logins.of_account(account_id, now)
    record_read(ports, "account.read", account_id, part="sessions")
    return open_logins(sessions, services, lifetimes=ports.rules.sessions, now=now)


def grants_of(ports: Ports, username_or_id: str) -> Sequence[ServiceLogin]:
    """Return the account's grants that have neither ended nor expired, newest first."""
    with ports.unit_of_work() as uow:
        account_id = get_by_username_or_id(uow, username_or_id).id
        found = uow.service_logins.of_account(account_id, uow.clock.now())
    record_read(ports, "account.read", account_id, part="grants")
    return found


def usernames_of(ports: Ports, account_ids: Iterable[str]) -> dict[str, str]:
    """Return usernames by account id; unknown ids are left out."""
    with ports.unit_of_work() as uow:
        found = map(uow.accounts.get, set(account_ids))
        return {account.id: str(account.username) for account in found if account is not None}


def history(ports: Ports, criteria: AuditFilter) -> Sequence[AuditRecord]:
    """Return matching rows of the audit log, newest first. Raises NotFound for an unknown `criteria.account`."""
    with ports.unit_of_work() as uow:
        account_id = get_by_username_or_id(uow, criteria.account).id if criteria.account else None
        found = uow.history.find(criteria, account_id=account_id)
    record_read(ports, "audit.read", account_id, criteria=_without_paging(criteria, cursor="before"))
    return found
