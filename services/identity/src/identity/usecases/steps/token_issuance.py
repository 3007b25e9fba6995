"""Issuance of access and refresh tokens (OIDC-14 to OIDC-16)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from identity.domain.grant import ActiveGrant, Token, TokenKind
from identity.domain.oauth_errors import InvalidGrant, InvalidScope, InvalidTarget
from identity.domain.oidc_client import OidcClient
from identity.domain.oidc_scopes import OPENID
from identity.domain.service_client import digest_of
from identity.domain.token_claims import access_token_claims, id_token_claims
from identity.domain.token_request import RequestedAccess
from identity.usecases.ports import Ports, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    active: ActiveGrant
    client: str
    scopes: list[str]
    audience: list[str]
    """Names of clients and URIs of resources."""
    servers: Sequence[OidcClient] = ()
    """The resource servers in the audience; their registrations decide whether the access token is a JWT."""
    act: dict[str, Any] | None = None
    jkt: str | None = None
    parent: str | None = None
    """The digest of the refresh token that was used, if any."""
    expires_by: datetime | None = None
    """The expiry of the exchanged token, if any."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """`value` is not stored; the row `token` contains its digest."""

    value: str = field(repr=False)
    token: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    access: IssuedToken
    refresh: IssuedToken | None = None
    id_token: str | None = field(default=None, repr=False)


def request_of_grant(client: OidcClient, active: ActiveGrant, *, jkt: str | None) -> TokenRequest:
    """Return a request for all that a new grant allows.

    The refresh token of a confidential client is bound to the client, not to the key (RFC 9449 section 5).
    """
    return TokenRequest(
        active=active,
        client=client.name,
        scopes=active.grant.scopes,
        audience=[client.name, *active.grant.resources],
        jkt=jkt if client.is_public else None,
    )


def servers_of(
    uow: UnitOfWork, resources: Collection[str], *, requested: Collection[str] = ()
) -> dict[str, OidcClient]:
    """Return the client of each requested resource, by resource; of all `resources` if none is requested.

    A resource that is no longer registered is left out. Raises InvalidTarget if a requested resource is not registered
    or not in `resources`.
    """
    if not resources and not requested:
        return {}
    by_uri = {uri: client for client in uow.oidc_clients.live() for uri in client.resources}
    registered = {uri: by_uri[uri] for uri in resources if uri in by_uri}
    if not set(requested) <= registered.keys():
        raise InvalidTarget("a resource is not registered or not part of the login")
    return {uri: client for uri, client in registered.items() if uri in requested or not requested}


def issue_access_token(uow: UnitOfWork, request: TokenRequest) -> IssuedToken:
    return _store(uow, new_access_token(uow, request))


def new_access_token(ports: Ports | UnitOfWork, request: TokenRequest) -> IssuedToken:
    """Return an access token, which the caller stores: a JWT if one of its `servers` is registered for JWTs.

    The token expires no later than the exchanged token, if any, and the login.
    """
    now = ports.clock.now()
    is_jwt = any(server.has_jwt_tokens for server in request.servers)
    lifetime = ports.rules.jwt_lifetime if is_jwt else ports.rules.access_token_lifetime
    expires_at = min(now + lifetime, request.expires_by or request.active.grant.expires_at)
    token = _token("access", request, now, expires_at)
    return _with_value(token, _signed(ports, request.active, token) if is_jwt else ports.randomness.token())


def new_refresh_token(ports: Ports | UnitOfWork, request: TokenRequest) -> IssuedToken:
    """Return a refresh token, which the caller stores. It is valid until the absolute end of the login (OIDC-16)."""
    token = _token("refresh", request, ports.clock.now(), request.active.grant.expires_at)
    return _with_value(token, ports.randomness.token())


def with_id_token(
    ports: Ports, client: OidcClient, active: ActiveGrant, tokens: Tokens, *, nonce: str | None = None
) -> Tokens:
    """Add the ID token that accompanies an access token with the scope `openid`.

    Call it after the commit: the signature takes time.
    """
    access = tokens.access
    if OPENID not in access.token.scopes:
        return tokens
    claims = id_token_claims(
        active,
        access.token.scopes,
        access_token=access.value,
        nonce=nonce,
        now=access.token.issued_at,
    )
    id_token = ports.signer.sign(
        {"iss": ports.rules.public_url, **claims},
        token_type="JWT",  # noqa: S106  # a media type
        algorithm=client.id_token_alg,
    )
    return replace(tokens, id_token=id_token)


def active_grant(uow: UnitOfWork, client: OidcClient, grant_id: str) -> ActiveGrant:
    """Return the grant. Raises InvalidGrant if it is not active or is another client's."""
    active = uow.grants.active(grant_id, uow.clock.now())
    if active is None or active.grant.client != client.name:
        raise InvalidGrant("the login has ended")
    return active


def issue_tokens(uow: UnitOfWork, full: TokenRequest, request: RequestedAccess, *, refreshes: bool) -> Tokens:
    """Issue an access token for the requested part of `full`; if `refreshes`, a refresh token for all of `full`.

    The first name in `full.audience` is the client itself. Raises InvalidScope, InvalidTarget.
    """
    own, *resources = full.audience
    if not set(request.scopes) <= set(full.scopes):
        raise InvalidScope("the login does not include all of these scopes")
    scopes = [scope for scope in full.scopes if scope in request.scopes] or full.scopes
    servers = servers_of(uow, resources, requested=request.resources)
    narrowed = replace(
        full, scopes=scopes, audience=[own, *servers], servers=list(servers.values()), jkt=request.jkt
    )
    access = issue_access_token(uow, narrowed)
    return Tokens(access=access, refresh=_store(uow, new_refresh_token(uow, full)) if refreshes else None)


def _token(kind: TokenKind, request: TokenRequest, issued_at: datetime, expires_at: datetime) -> Token:
    return Token(
        digest="",
        kind=kind,
        grant_id=request.active.grant.id,
        client=request.client,
        scopes=request.scopes,
        audience=request.audience,
        act=request.act,
        jkt=request.jkt,
        parent=request.parent,
        issued_at=issued_at,
        expires_at=expires_at,
    )


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
