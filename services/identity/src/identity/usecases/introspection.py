"""Telling a service whom a token stands for (RFC 7662, OIDC-20)."""

from typing import Any

from identity.domain.grant import ActiveToken
from identity.domain.oauth_client import RegisteredClient
from identity.domain.person_claims import act_claim, company, rights
from identity.domain.service_client import digest_of, is_name
from identity.domain.session import ClientInfo
from identity.usecases.client_authentication import Credentials, check_proven, name_of
from identity.usecases.ports import Ports

_INACTIVE: dict[str, Any] = {"active": False}


def introspect(ports: Ports, shown: Credentials, token: str, *, asker: ClientInfo) -> dict[str, Any]:
    """Return what a token of the client's audience stands for; `{"active": false}` for all others.

    Neither a missing right nor a token for somebody else is told apart from an ended one. A public client, which cannot
    prove who it is, is told nothing. Raises BadClient, Locked.
    """
    name = name_of(ports, shown)
    found, active = None, None
    if is_name(name):
        found, active = ports.grants.client_and_active_token(name, digest_of(token), ports.clock.now())
    client = check_proven(ports, found, shown, asker=asker)
    is_told = active is not None and active.token.kind == "access" and _is_for(client, active)
    ports.oauth_meter.introspected(active=is_told)
    return (
        _description(active, issuer=ports.rules.public_url) if active is not None and is_told else _INACTIVE
    )


def _is_for(client: RegisteredClient, active: ActiveToken) -> bool:
    may_ask = "tokens:introspect" in client.service.rights and not client.oidc.is_public
    return may_ask and not {client.oidc.name, *client.oidc.resources}.isdisjoint(active.token.audience)


def _description(active: ActiveToken, *, issuer: str) -> dict[str, Any]:
    token, grant, account = active.token, active.grant, active.account
    described = {
        "active": True,
        "iss": issuer,
        "sub": account.id,
        "act": act_claim(active, token.scopes, token.act),
        "client_id": token.client,
        "aud": token.audience,
        "scope": " ".join(token.scopes),
        "exp": int(token.expires_at.timestamp()),
        "iat": int(token.issued_at.timestamp()),
        "auth_time": int(grant.auth_time.timestamp()),
        "acr": grant.acr,
        "amr": grant.amr,
        "sid": grant.id,
        "token_type": "DPoP" if token.jkt else "Bearer",
        "cnf": {"jkt": token.jkt} if token.jkt else None,
        "username": account.username,
        "account_kind": account.kind,
        "company": company(account) if account.kind == "general" else None,
        "rights": rights(active, token.scopes),
    }
    return {name: value for name, value in described.items() if value is not None}
