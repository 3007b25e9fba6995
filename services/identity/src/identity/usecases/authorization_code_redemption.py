"""Redemption of authorization codes (OIDC-9).

A second use of a code ends its grant, because the code may be stolen (RFC 6749 section 4.1.2).
"""

from dataclasses import replace

from identity.domain.oauth_errors import InvalidGrant
from identity.domain.oidc_client import OidcClient
from identity.domain.service_client import digest_of
from identity.domain.token_request import CodeRequest, check_code
from identity.usecases.ports import Ports
from identity.usecases.steps.dpop import require_proof
from identity.usecases.steps.token_issuance import (
    Tokens,
    active_grant,
    issue_tokens,
    new_access_token,
    new_refresh_token,
    request_of_grant,
    with_id_token,
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
    full = request_of_grant(client, active, jkt=request.jkt)
    tokens = Tokens(
        access=new_access_token(ports, replace(full, jkt=request.jkt)),
        refresh=new_refresh_token(ports, full) if client.may_refresh else None,
    )
    stored = [issued.token for issued in (tokens.access, tokens.refresh) if issued is not None]
    if not ports.code_redemption.use(digest, stored, now):
        return None
    return with_id_token(ports, client, active, tokens, nonce=code.nonce)


def _redeem(ports: Ports, client: OidcClient, request: CodeRequest) -> Tokens:
    digest = digest_of(request.code)
    with ports.unit_of_work() as uow:
        code = uow.grants.use_code(digest, uow.clock.now())
        if code is not None:
            active = active_grant(uow, client, code.grant_id)
            check_code(code, request)
            full = request_of_grant(client, active, jkt=request.jkt)
            tokens = issue_tokens(uow, full, request, refreshes=client.may_refresh)
            uow.commit()
            return with_id_token(ports, client, active, tokens, nonce=code.nonce)
        former = uow.grants.code(digest)
        if former is None or former.used_at is None:
            raise InvalidGrant("the code is unknown or expired")
        reused = end_reused(uow, client, former.grant_id, "code_reused")
        uow.commit()
    raise refusal_of_reuse(ports, reused, "code_reused")
