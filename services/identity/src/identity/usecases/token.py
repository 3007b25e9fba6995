"""Redemption of authorization codes (OIDC-9) and refresh of tokens (OIDC-16).

A reused code or refresh token ends its grant, because it may be stolen (RFC 9700 section 4.14).
"""

from dataclasses import dataclass, field, replace

from identity.domain.grant import LOST_ANSWER, ActiveGrant, Token
from identity.domain.oauth_errors import InvalidGrant, InvalidScope, UnauthorizedClient
from identity.domain.oidc_client import OidcClient
from identity.domain.service_client import digest_of
from identity.domain.token_request import CodeRequest, RefreshRequest, RequestedAccess, check_code
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.proofs import require_proof
from identity.usecases.steps.reuse import end_reused, refusal_of_reuse
from identity.usecases.steps.tokens import (
    IssuedToken,
    TokenRequest,
    issue_access_token,
    issue_refresh_token,
    new_access_token,
    new_refresh_token,
    servers_of,
    sign_id_token,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of one response."""

    access: IssuedToken
    refresh: IssuedToken | None
    id_token: str | None = field(repr=False)


def redeem(ports: Ports, client: OidcClient, asked: CodeRequest) -> Tokens:
    """Redeem a code for tokens. Raises InvalidGrant, InvalidRequest, InvalidTarget."""
    require_proof(client, asked.jkt)
    return _redeem_at_once(ports, client, asked) or _redeem(ports, client, asked)


def _redeem_at_once(ports: Ports, client: OidcClient, asked: CodeRequest) -> Tokens | None:
    """Redeem a code without resources in two statements; return None if a transaction is needed."""
    digest, now = digest_of(asked.code), ports.clock.now()
    found = ports.code_redemption.usable(digest, now)
    if found is None:
        return None
    code, active = found
    if active.grant.client != client.name or active.grant.resources or asked.resources:
        return None
    check_code(code, asked)
    full = _request_of_code(client, active, asked)
    access = new_access_token(ports, replace(full, jkt=asked.jkt))
    successor = new_refresh_token(ports, full) if client.may_refresh else None
    tokens = [issued.token for issued in (access, successor) if issued is not None]
    if not ports.code_redemption.use(digest, tokens, now):
        return None
    id_token = sign_id_token(ports, client, active, access, nonce=code.nonce)
    return Tokens(access=access, refresh=successor, id_token=id_token)


def _redeem(ports: Ports, client: OidcClient, asked: CodeRequest) -> Tokens:
    digest = digest_of(asked.code)
    with ports.unit_of_work() as uow:
        code = uow.grants.use_code(digest, uow.clock.now())
        if code is not None:
            active = _active(uow, client, code.grant_id)
            check_code(code, asked)
            full = _request_of_code(client, active, asked)
            access, successor = _issue(uow, full, asked, refreshes=client.may_refresh)
            uow.commit()
            id_token = sign_id_token(ports, client, active, access, nonce=code.nonce)
            return Tokens(access=access, refresh=successor, id_token=id_token)
        former = uow.grants.code(digest)
        if former is None or former.used_at is None:
            raise InvalidGrant("the code is unknown or expired")
        reused = end_reused(uow, client, former.grant_id, "code_reused")
        uow.commit()
    raise refusal_of_reuse(ports, reused, "code_reused")


def refresh(ports: Ports, client: OidcClient, asked: RefreshRequest) -> Tokens:
    """Refresh tokens. Raises InvalidGrant, InvalidRequest, InvalidScope, InvalidTarget, UnauthorizedClient."""
    require_proof(client, asked.jkt)
    if not client.may_refresh:
        raise UnauthorizedClient("the client is not registered for refresh tokens")
    with ports.unit_of_work() as uow:
        token = _locked(uow, client, asked)
        active = _active(uow, client, token.grant_id)
        if token.used_at is None or _is_lost_answer(uow, token):
            full = _request_of_token(active, token)
            access, successor = _issue(uow, full, asked, refreshes=_rotate(uow, client, token))
            _record_refresh(uow, active)
            uow.commit()
            id_token = sign_id_token(ports, client, active, access)
            return Tokens(access=access, refresh=successor, id_token=id_token)
        reused = end_reused(uow, client, token.grant_id, "refresh_reused")
        uow.commit()
    ports.oauth_meter.refresh_reused()
    raise refusal_of_reuse(ports, reused, "refresh_reused")


def _active(uow: UnitOfWork, client: OidcClient, grant_id: str) -> ActiveGrant:
    active = uow.grants.active(grant_id, uow.clock.now())
    if active is None or active.grant.client != client.name:
        raise InvalidGrant("the login has ended")
    return active


def _request_of_code(client: OidcClient, active: ActiveGrant, asked: CodeRequest) -> TokenRequest:
    grant = active.grant
    return TokenRequest(
        active=active,
        client=client.name,
        scopes=grant.scopes,
        audience=[client.name, *grant.resources],
        jkt=asked.jkt if client.is_public else None,  # other clients authenticate (RFC 9449 section 5)
    )


def _request_of_token(active: ActiveGrant, token: Token) -> TokenRequest:
    return TokenRequest(
        active=active,
        client=token.client,
        scopes=token.scopes,
        audience=token.audience,
        jkt=token.jkt,
        parent=token.digest,
    )


def _issue(
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


def _locked(uow: UnitOfWork, client: OidcClient, asked: RefreshRequest) -> Token:
    token = uow.refresh_tokens.locked(digest_of(asked.refresh_token))
    if token is None or token.client != client.name or token.expires_at <= uow.clock.now():
        raise InvalidGrant("the refresh token is unknown or expired")
    if token.jkt not in {None, asked.jkt}:
        raise InvalidGrant("the refresh token is bound to another key")
    return token


def _is_lost_answer(uow: UnitOfWork, token: Token) -> bool:
    """Return whether a client may repeat a used token because the response was probably lost."""
    is_recent = token.used_at is not None and uow.clock.now() - token.used_at <= LOST_ANSWER
    return is_recent and uow.refresh_tokens.has_unused_successor(token)


def _rotate(uow: UnitOfWork, client: OidcClient, token: Token) -> bool:
    """Mark the token as replaced, unless it is bound to a key; return whether a new token must be issued."""
    if not client.rotates_refresh_tokens or token.jkt is not None:
        return False
    if token.used_at is None:
        uow.refresh_tokens.use(token.digest, uow.clock.now())
    else:
        uow.refresh_tokens.void_successors(token, uow.clock.now())
    return True


def _record_refresh(uow: UnitOfWork, active: ActiveGrant) -> None:
    grant = active.grant
    if uow.grants.record_refresh(grant.id, uow.clock.now()):
        uow.record_action("grant.refreshed", grant.account_id, **grant.audited)
