"""Issuance of access and refresh tokens (OIDC-14 to OIDC-16)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from identity.domain.grant import ActiveGrant, Token
from identity.domain.oauth_errors import InvalidGrant, InvalidScope, InvalidTarget
from identity.domain.oidc_client import OidcClient
from identity.domain.oidc_scopes import OPENID
from identity.domain.service_client import digest_of
from identity.domain.token_claims import access_token_claims, id_token_claims
from identity.domain.token_request import RequestedAccess
from identity.usecases.ports import Ports, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """The data for a new token. `audience` contains client names and resource URIs; `servers` are the clients of both.

    `expires_by` is the expiry of the exchanged token, if any.
    """

    active: ActiveGrant
    client: str
    scopes: list[str]
    audience: list[str]
    servers: Sequence[OidcClient] = ()
    act: dict[str, Any] | None = None
    jkt: str | None = None
    parent: str | None = None
    expires_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token: its value, which is not stored, and its row."""

    value: str = field(repr=False)
    token: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of one response."""

    access: IssuedToken
    refresh: IssuedToken | None
    id_token: str | None = field(repr=False)


def servers_of(
    uow: UnitOfWork, resources: Collection[str], *, asked: Collection[str] = ()
) -> dict[str, OidcClient]:
    """Return the clients that registered these resources, by resource, limited to `asked` unless `asked` is empty.

    Resources that are no longer registered are left out. Raises InvalidTarget if `asked` contains one of them.
    """
    if not resources and not asked:
        return {}
    by_uri = {uri: client for client in uow.oidc_clients.live() for uri in client.resources}
    registered = {uri: by_uri[uri] for uri in resources if uri in by_uri}
    if not set(asked) <= registered.keys():
        raise InvalidTarget("a resource is not registered or not part of the login")
    return {uri: client for uri, client in registered.items() if uri in asked or not asked}


def issue_access_token(uow: UnitOfWork, asked: TokenRequest) -> IssuedToken:
    """Issue an access token and store its digest."""
    return _store(uow, new_access_token(uow, asked))


def issue_refresh_token(uow: UnitOfWork, asked: TokenRequest) -> IssuedToken:
    """Issue a refresh token and store its digest."""
    return _store(uow, new_refresh_token(uow, asked))


def new_access_token(ports: Ports | UnitOfWork, asked: TokenRequest) -> IssuedToken:
    """Return an access token: a JWT if a server in its audience is registered for JWTs, otherwise opaque.

    The caller stores the token. The token expires no later than the login.
    """
    now = ports.clock.now()
    is_jwt = any(server.has_jwt_tokens for server in asked.servers)
    lifetime = ports.rules.jwt_lifetime if is_jwt else ports.rules.access_token_lifetime
    token = Token(
        digest="",
        kind="access",
        grant_id=asked.active.grant.id,
        client=asked.client,
        scopes=asked.scopes,
        audience=asked.audience,
        act=asked.act,
        jkt=asked.jkt,
        parent=asked.parent,
        issued_at=now,
        expires_at=min(now + lifetime, asked.expires_by or asked.active.grant.expires_at),
    )
    return _with_value(token, _signed(ports, asked.active, token) if is_jwt else ports.randomness.token())


def new_refresh_token(ports: Ports | UnitOfWork, asked: TokenRequest) -> IssuedToken:
    """Return a refresh token that is valid until the absolute end of the login (OIDC-16). The caller stores it."""
    token = Token(
        digest="",
        kind="refresh",
        grant_id=asked.active.grant.id,
        client=asked.client,
        scopes=asked.scopes,
        audience=asked.audience,
        act=None,
        jkt=asked.jkt,
        parent=asked.parent,
        issued_at=ports.clock.now(),
        expires_at=asked.active.grant.expires_at,
    )
    return _with_value(token, ports.randomness.token())


def sign_id_token(
    ports: Ports, client: OidcClient, active: ActiveGrant, access: IssuedToken, *, nonce: str | None = None
) -> str | None:
    """Return the ID token for an access token, or None without the scope `openid`. Needs no transaction."""
    if OPENID not in access.token.scopes:
        return None
    claims = id_token_claims(
        active,
        access.token.scopes,
        access_token=access.value,
        nonce=nonce,
        now=access.token.issued_at,
    )
    return ports.signer.sign(
        {"iss": ports.rules.public_url, **claims},
        token_type="JWT",  # noqa: S106  # a media type
        algorithm=client.id_token_alg,
    )


def active_grant(uow: UnitOfWork, client: OidcClient, grant_id: str) -> ActiveGrant:
    """Return the grant. Raises InvalidGrant if it has ended or is another client's."""
    active = uow.grants.active(grant_id, uow.clock.now())
    if active is None or active.grant.client != client.name:
        raise InvalidGrant("the login has ended")
    return active


def issue_tokens(
    uow: UnitOfWork, full: TokenRequest, asked: RequestedAccess, *, refreshes: bool
) -> tuple[IssuedToken, IssuedToken | None]:
    """Issue an access token for the requested access, and a refresh token for `full` (RFC 6749 section 6)."""
    own, *known = full.audience
    if not set(asked.scopes) <= set(full.scopes):
        raise InvalidScope("the login does not include all of these scopes")
    scopes = [scope for scope in full.scopes if scope in asked.scopes] or full.scopes
    servers = servers_of(uow, known, asked=asked.resources)
    narrowed = replace(
        full, scopes=scopes, audience=[own, *servers], servers=list(servers.values()), jkt=asked.jkt
    )
    access = issue_access_token(uow, narrowed)
    return access, issue_refresh_token(uow, full) if refreshes else None


def _signed(ports: Ports | UnitOfWork, active: ActiveGrant, token: Token) -> str:
    claims = {
        "iss": ports.rules.public_url,
        "jti": ports.randomness.identifier(),
        **access_token_claims(active, token),
    }
    return ports.signer.sign(claims, token_type="at+jwt", algorithm="ES256")  # noqa: S106  # a media type


def _with_value(token: Token, value: str) -> IssuedToken:
    return IssuedToken(value, replace(token, digest=digest_of(value)))


def _store(uow: UnitOfWork, issued: IssuedToken) -> IssuedToken:
    uow.grants.add_token(issued.token)
    return issued
