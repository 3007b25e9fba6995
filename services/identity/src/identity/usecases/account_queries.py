"""What operators look up: accounts, and of each its state, bindings, sessions and history (OPS-1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from identity.domain.account import Account
from identity.domain.rate_limits import LOGIN_ACCOUNT
from identity.domain.session import Session
from identity.usecases.administration import get_by_name_or_id
from identity.usecases.ports import MailState, Ports
from identity.usecases.repositories import AccountFilter, AuditFilter, AuditRecord, BindingWithAccounts
from identity.usecases.steps.email_change import drop_expired_email_change


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDetails:
    """An account as operators see it; `locked_until` is there while failed logins lock it (SEC-3)."""

    account: Account
    verification_mail: MailState | None
    locked_until: datetime | None


def find(ports: Ports, search: AccountFilter) -> Sequence[Account]:
    """Return accounts, oldest first; the next page begins after the id of the last one."""
    with ports.unit_of_work() as uow:
        return uow.accounts.find(search)


def show(ports: Ports, name: str) -> AccountDetails:
    """Return an account by its name or id. Raises NotFound."""
    with ports.unit_of_work() as uow:
        account = get_by_name_or_id(uow, name)
        drop_expired_email_change(uow, account, ports.clock.now())  # for this view: nothing is committed
    return AccountDetails(
        account=account,
        verification_mail=ports.queries.verification_mail(account.id),
        locked_until=_locked_until(ports, account),
    )


def _locked_until(ports: Ports, account: Account) -> datetime | None:
    now = ports.clock.now()
    (count,) = ports.counters.peek([(LOGIN_ACCOUNT, LOGIN_ACCOUNT.key(str(account.username_key)))], now)
    return count.expires_at if count.is_full(now) else None


def bindings_of(ports: Ports, name: str) -> Sequence[BindingWithAccounts]:
    """Return an account's bindings, live and ended, newest first. Raises NotFound."""
    with ports.unit_of_work() as uow:
        return uow.bindings.of_account(get_by_name_or_id(uow, name).id)


def sessions_of(ports: Ports, name: str) -> Sequence[Session]:
    """Return the open sessions that an account holds, and those that act as it. Raises NotFound."""
    now = ports.clock.now()
    with ports.unit_of_work() as uow:
        sessions = uow.sessions.of_account(get_by_name_or_id(uow, name).id)
    return [session for session in sessions if session.ends_at(ports.rules.sessions) > now]


def usernames_of(ports: Ports, account_ids: Iterable[str]) -> dict[str, str]:
    """Return the accounts' names by their ids."""
    with ports.unit_of_work() as uow:
        found = map(uow.accounts.get, set(account_ids))
        return {account.id: str(account.username) for account in found if account is not None}


def history(ports: Ports, query: AuditFilter) -> Sequence[AuditRecord]:
    """Return rows of the audit log, newest first; the next page begins before the id of the last one.

    The query's `account` is a name or an id. Raises NotFound.
    """
    with ports.unit_of_work() as uow:
        account_id = get_by_name_or_id(uow, query.account).id if query.account else None
        return uow.history.find(query, account_id=account_id)
