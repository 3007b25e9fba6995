"""Token introspection for services (RFC 7662, OIDC-20)."""

from typing import Any

from identity.domain.grant import IntrospectedToken
from identity.domain.oidc_client import IntrospectingClient
from identity.domain.person_claims import act_claim, company, rights
from identity.domain.service_client import digest_of, is_name
from identity.domain.session import ClientInfo
from identity.usecases.client_authentication import Credentials, check_proven, is_proven, name_of
from identity.usecases.ports import Ports

_INACTIVE: dict[str, Any] = {"active": False}


def introspect(
    ports: Ports, credentials: Credentials, token: str, *, client_info: ClientInfo
) -> dict[str, Any]:
    """Describe an active access token whose audience includes the client or one of its resources.

    The client needs the right `tokens:introspect`. If any of this is missing, return `{"active": false}`, which does
    not disclose the reason. Public clients always receive this answer, because they cannot authenticate. Raises
    BadClient, Locked.
    """
    found, active = _read(ports, credentials, token)
    return _answer(ports, check_proven(ports, found, credentials, client_info=client_info), active)


def introspect_by_secret(ports: Ports, credentials: Credentials, token: str) -> dict[str, Any] | None:
    """Return the result of `introspect`, or None if it would refuse the client. Nothing is then counted or recorded."""
    found, active = _read(ports, credentials, token)
    return _answer(ports, found, active) if is_proven(found, ports, credentials) else None


def _read(
    ports: Ports, credentials: Credentials, token: str
) -> tuple[IntrospectingClient | None, IntrospectedToken | None]:
    name = name_of(ports, credentials)
    if not is_name(name):
        return None, None
    return ports.token_queries.introspected(name, digest_of(token), ports.clock.now())


def _answer(ports: Ports, client: IntrospectingClient, active: IntrospectedToken | None) -> dict[str, Any]:
    described = active if active is not None and _is_for(client, active) else None
    ports.oauth_meter.introspected(active=described is not None)
    return _description(described, issuer=ports.rules.public_url) if described is not None else _INACTIVE


def _is_for(client: IntrospectingClient, active: IntrospectedToken) -> bool:
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
