"""The claims about a person in ID tokens, userinfo and introspection (OIDC-13, OIDC-20).

`sub` is the account that the person acts as. `act` names the actors (RFC 8693 section 4.1): the services that exchanged
the token, the last service outermost, and innermost the link account, if it acts as another account.
"""

from collections.abc import Collection, Iterator
from typing import Any

from identity.domain.grant import ActiveGrant, IntrospectedToken
from identity.domain.oidc_scopes import rights_of
from identity.domain.session import PASS_RIGHTS, AccountSummary

ACTOR_DETAILS = "actor"
"""The scope that adds name, username and company to the link account in `act`."""


Person = ActiveGrant | IntrospectedToken


def person_claims(person: ActiveGrant, names: Collection[str]) -> dict[str, Any]:
    """Return the claims in `names` except `act`. A link account that acts as itself has no claim `company`."""
    return {name: value for name, value in _every(person) if name in names}


def act_claim(
    person: Person, scopes: Collection[str], services: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return `act`, or None if the person acts as their own account and no service exchanged the token.

    `services` is the chain of services that exchanged the token, as stored with it.
    """
    link = _link_account(person, with_details=ACTOR_DETAILS in scopes)
    if services is None:
        return link
    inner = act_claim(person, scopes, services.get("act"))
    return {"sub": services["sub"]} | ({"act": inner} if inner else {})


def rights(person: Person, scopes: Collection[str]) -> tuple[str, ...]:
    """Return the rights in the pass system that the person has within these scopes (SW-1, SW-2)."""
    return rights_of(scopes, PASS_RIGHTS if person.account.kind == "general" else ())


def company(account: AccountSummary) -> dict[str, str]:
    return {"tax_id": account.tax_id, "name": account.company_name}


def _every(person: ActiveGrant) -> Iterator[tuple[str, Any]]:
    account = person.account
    yield "sub", account.id
    yield "name", account.name
    yield "preferred_username", account.username
    yield "updated_at", int(person.updated_at.timestamp())
    yield "email", person.email
    yield "email_verified", True  # an account without a verified mailbox has no grants
    yield "account_kind", account.kind
    if account.kind == "general":
        yield "company", company(account)


def _link_account(person: Person, *, with_details: bool) -> dict[str, Any] | None:
    link = person.actor
    if link.id == person.account.id:
        return None
    details = {"name": link.name, "username": link.username, "company": company(link)}
    return {"sub": link.id} | (details if with_details else {})
