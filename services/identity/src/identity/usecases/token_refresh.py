"""Refresh of tokens (OIDC-16).

The reuse of a refresh token ends its grant, because the token may be stolen (RFC 9700 section 4.14.2).
"""

from identity.domain.grant import ActiveGrant, Token
from identity.domain.oauth_errors import InvalidGrant, UnauthorizedClient
from identity.domain.oidc_client import OidcClient
from identity.domain.service_client import digest_of
from identity.domain.token_request import RefreshRequest
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.dpop import require_proof
from identity.usecases.steps.token_issuance import (
    TokenRequest,
    Tokens,
    active_grant,
    issue_tokens,
    with_id_token,
)
from identity.usecases.steps.token_reuse import end_reused, is_reused, refusal_of_reuse


def refresh(ports: Ports, client: OidcClient, request: RefreshRequest) -> Tokens:
    """Refresh tokens. Raises InvalidGrant, InvalidRequest, InvalidScope, InvalidTarget, UnauthorizedClient."""
    require_proof(client, request.jkt)
    if not client.may_refresh:
        raise UnauthorizedClient("the client is not registered for refresh tokens")
    with ports.unit_of_work() as uow:
        token = _locked(uow, client, request)
        active = active_grant(uow, client, token.grant_id)
        if not is_reused(uow, token):
            full = _request_of_token(active, token)
            tokens = issue_tokens(uow, full, request, refreshes=_rotate(uow, client, token))
            _record_refresh(uow, active)
            uow.commit()
            return with_id_token(ports, client, active, tokens)
        reused = end_reused(uow, client, token.grant_id, "refresh_reused")
        uow.commit()
    ports.oauth_meter.refresh_reused()
    raise refusal_of_reuse(ports, reused, "refresh_reused")


def _request_of_token(active: ActiveGrant, token: Token) -> TokenRequest:
    return TokenRequest(
        active=active,
        client=token.client,
        scopes=token.scopes,
        audience=token.audience,
        jkt=token.jkt,
        parent=token.digest,
    )


def _locked(uow: UnitOfWork, client: OidcClient, request: RefreshRequest) -> Token:
    token = uow.refresh_tokens.locked(digest_of(request.refresh_token))
    if token is None or token.client != client.name or token.expires_at <= uow.clock.now():
        raise InvalidGrant("the refresh token is unknown or expired")
    if token.jkt not in {None, request.jkt}:
        raise InvalidGrant("the refresh token is bound to another key")
    return token


def _rotate(uow: UnitOfWork, client: OidcClient, token: Token) -> bool:
    """Mark the token as used, or void its successors after a lost response; return whether to issue a new one.

    A token is not replaced if it is bound to a key, or its client authenticates by key or requires DPoP.
    """
    if not client.rotates_refresh_tokens or token.jkt is not None:
        return False
    if token.used_at is None:
        uow.grants.void_token(token.digest, uow.clock.now())
    else:
        uow.refresh_tokens.void_successors(token, uow.clock.now())
    return True


def _record_refresh(uow: UnitOfWork, active: ActiveGrant) -> None:
    grant = active.grant
    if uow.grants.record_refresh(grant.id, uow.clock.now()):
        uow.record_action("grant.refreshed", grant.account_id, **grant.audited)
