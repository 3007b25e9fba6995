"""Token introspection for services (RFC 7662, OIDC-20)."""

from typing import Any

from identity.domain.grant import IntrospectedToken
from identity.domain.oidc_client import AskingClient
from identity.domain.person_claims import act_claim, company, rights
from identity.domain.service_client import digest_of, is_name
from identity.domain.session import ClientInfo
from identity.usecases.client_authentication import Credentials, check_proven, is_proven, name_of
from identity.usecases.ports import Ports

_INACTIVE: dict[str, Any] = {"active": False}


def introspect(ports: Ports, shown: Credentials, token: str, *, asker: ClientInfo) -> dict[str, Any]:
    """Describe an active token whose audience includes the client; return `{"active": false}` for all others.

    The response does not distinguish a missing right, a token for another service and an ended token. A public client
    cannot authenticate, so it always receives `{"active": false}`. Raises BadClient, Locked.
    """
    found, active = _read(ports, shown, token)
    return _answer(ports, check_proven(ports, found, shown, asker=asker), active)


def introspect_by_secret(ports: Ports, shown: Credentials, token: str) -> dict[str, Any] | None:
    """Return the result of `introspect`, or None if it would refuse the client; count and record no refusal."""
    found, active = _read(ports, shown, token)
    return _answer(ports, found, active) if is_proven(found, ports, shown) else None


def _read(
    ports: Ports, shown: Credentials, token: str
) -> tuple[AskingClient | None, IntrospectedToken | None]:
    name = name_of(ports, shown)
    if not is_name(name):
        return None, None
    return ports.token_queries.introspected(name, digest_of(token), ports.clock.now())


def _answer(ports: Ports, client: AskingClient, active: IntrospectedToken | None) -> dict[str, Any]:
    is_told = active is not None and active.token.kind == "access" and _is_for(client, active)
    ports.oauth_meter.introspected(active=is_told)
    return (
        _description(active, issuer=ports.rules.public_url) if active is not None and is_told else _INACTIVE
    )


def _is_for(client: AskingClient, active: IntrospectedToken) -> bool:
    may_ask = "tokens:introspect" in client.rights and client.auth != "none"
    return may_ask and not {client.name, *client.resources}.isdisjoint(active.token.audience)


def _description(active: IntrospectedToken, *, issuer: str) -> dict[str, Any]:
    token, account = active.token, active.account
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
        "auth_time": int(active.auth_time.timestamp()),
        "acr": active.acr,
        "amr": active.amr,
        "sid": token.grant_id,
        "token_type": "DPoP" if token.jkt else "Bearer",
        "cnf": {"jkt": token.jkt} if token.jkt else None,
        "username": account.username,
        "account_kind": account.kind,
        "company": company(account) if account.kind == "general" else None,
        "rights": rights(active, token.scopes),
    }
    return {name: value for name, value in described.items() if value is not None}
