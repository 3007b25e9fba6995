"""The accounts that a person may act as at a client, and the choice among them (OIDC-6, OIDC-7)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from identity.domain.account import Account
from identity.domain.authorization import AuthorizationRequest
from identity.domain.binding import list_order
from identity.domain.oidc_client import OidcClient
from identity.domain.pending_authorization_request import Progress
from identity.domain.session import AccountSummary, Principal
from identity.domain.username import username_key
from identity.usecases.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Candidate:
    account: AccountSummary
    binding_id: str | None = None
    """None for the person's own account."""
    was_last: bool = False
    """Whether the person's newest grant at the client is for this account."""


def candidates_of(uow: UnitOfWork, principal: Principal, client: OidcClient) -> tuple[Candidate, ...]:
    """Return the accounts that the person may act as at the client, the last one chosen there first."""
    own = [Candidate(principal.actor)] if principal.actor.kind in client.accepts else []
    if principal.actor.kind == "general":
        return tuple(own)
    bound = _bound(uow, principal) if "general" in client.accepts else []
    last = uow.grants.last_account(principal.actor.id, client.name)
    marked = [replace(each, was_last=each.account.id == last) for each in bound + own]
    return tuple(sorted(marked, key=lambda each: not each.was_last))


def chosen_of(
    candidates: Sequence[Candidate], principal: Principal, request: AuthorizationRequest, progress: Progress
) -> Candidate | None:
    """Return the candidate that the person, the request or the session determines, or the only one.

    Returns None if the person must choose. The person's own account does not count beside companies.
    """
    by_id = {each.account.id: each for each in candidates}
    if progress.account_id in by_id:
        return by_id[progress.account_id]
    if "select_account" in request.prompts:
        return None
    hinted = _hinted(candidates, request.login_hint)
    if hinted is not None:
        return hinted
    if principal.switched and principal.account.id in by_id:
        return by_id[principal.account.id]
    companies = [each for each in candidates if each.binding_id is not None] or candidates
    return companies[0] if len(companies) == 1 else None


def _hinted(candidates: Sequence[Candidate], login_hint: str | None) -> Candidate | None:
    key = username_key(login_hint or "")
    return next((each for each in candidates if username_key(each.account.username) == key), None)


def _bound(uow: UnitOfWork, principal: Principal) -> list[Candidate]:
    """Return a candidate for each verified binding to an active account, the last used first."""
    usable = [
        (binding, account)
        for binding, account, _ in uow.bindings.shown_to_link(principal.actor.id)
        if binding.status == "verified" and account.status == "active"
    ]
    usable.sort(key=lambda each: list_order(each[0]))
    return [Candidate(_summary(account), binding.id) for binding, account in usable]


def _summary(account: Account) -> AccountSummary:
    return AccountSummary(
        id=account.id,
        kind=account.kind,
        username=account.username,
        name=account.name,
        tax_id=account.tax_id,
        company_name=account.company_name,
        status=account.status,
    )
