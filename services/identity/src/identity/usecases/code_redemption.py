"""Redemption of authorization codes (OIDC-9).

A second use of a code ends its grant, because the code may be stolen (RFC 6749 section 4.1.2).
"""

from dataclasses import replace

from identity.domain.grant import ActiveGrant
from identity.domain.oauth_errors import InvalidGrant
from identity.domain.oidc_client import OidcClient
from identity.domain.service_client import digest_of
from identity.domain.token_request import CodeRequest, check_code
from identity.usecases.ports import Ports
from identity.usecases.steps.dpop import require_proof
from identity.usecases.steps.token_issuance import (
    TokenRequest,
    Tokens,
    active_grant,
    issue_tokens,
    new_access_token,
    new_refresh_token,
    sign_id_token,
)
from identity.usecases.steps.token_reuse import end_reused, refusal_of_reuse


def redeem(ports: Ports, client: OidcClient, request: CodeRequest) -> Tokens:
    """Redeem a code for tokens. Raises InvalidGrant, InvalidRequest, InvalidTarget."""
    require_proof(client, request.jkt)
    return _redeem_at_once(ports, client, request) or _redeem(ports, client, request)


def _redeem_at_once(ports: Ports, client: OidcClient, request: CodeRequest) -> Tokens | None:
    """Redeem a code without resources in two statements; return None to leave the code to `_redeem`."""
    digest, now = digest_of(request.code), ports.clock.now()
    found = ports.code_redemption.usable(digest, now)
    if found is None:
        return None
    code, active = found
    if active.grant.client != client.name or active.grant.resources or request.resources:
        return None
    check_code(code, request)
    full = _request_of_code(client, active, request)
    access = new_access_token(ports, replace(full, jkt=request.jkt))
    successor = new_refresh_token(ports, full) if client.may_refresh else None
    tokens = [issued.token for issued in (access, successor) if issued is not None]
    if not ports.code_redemption.use(digest, tokens, now):
        return None
    id_token = sign_id_token(ports, client, active, access, nonce=code.nonce)
    return Tokens(access=access, refresh=successor, id_token=id_token)


def _redeem(ports: Ports, client: OidcClient, request: CodeRequest) -> Tokens:
    digest = digest_of(request.code)
    with ports.unit_of_work() as uow:
        code = uow.grants.use_code(digest, uow.clock.now())
        if code is not None:
            active = active_grant(uow, client, code.grant_id)
            check_code(code, request)
            full = _request_of_code(client, active, request)
            access, successor = issue_tokens(uow, full, request, refreshes=client.may_refresh)
            uow.commit()
            id_token = sign_id_token(ports, client, active, access, nonce=code.nonce)
            return Tokens(access=access, refresh=successor, id_token=id_token)
        former = uow.grants.code(digest)
        if former is None or former.used_at is None:
            raise InvalidGrant("the code is unknown or expired")
        reused = end_reused(uow, client, former.grant_id, "code_reused")
        uow.commit()
    raise refusal_of_reuse(ports, reused, "code_reused")


def _request_of_code(client: OidcClient, active: ActiveGrant, request: CodeRequest) -> TokenRequest:
    grant = active.grant
    return TokenRequest(
        active=active,
        client=client.name,
        scopes=grant.scopes,
        audience=[client.name, *grant.resources],
        # The refresh token of a confidential client is bound to the client, not to the key (RFC 9449 section 5).
        jkt=request.jkt if client.is_public else None,
    )
