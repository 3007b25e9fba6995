"""The claims that a client receives for an access token (OpenID Connect Core section 5.3, OIDC-20)."""

from typing import Any

from identity.domain.grant import ActiveToken
from identity.domain.oauth_errors import InsufficientScope, InvalidToken
from identity.domain.oidc_scopes import OPENID, claims_of
from identity.domain.person_claims import act_claim, person_claims
from identity.domain.service_client import digest_of
from identity.usecases.ports import Ports


def token_of_client(ports: Ports, access_token: str) -> ActiveToken:
    """Return an active token for its client itself; a token exchanged for another service is refused.

    Raises InvalidToken.
    """
    active = ports.token_queries.active_token(digest_of(access_token), ports.clock.now())
    if active is None or active.token.client not in active.token.audience:
        raise InvalidToken
    return active


def userinfo(active: ActiveToken, *, jkt: str | None) -> dict[str, Any]:
    """Return the claims that the token's scopes allow; `jkt` is the thumbprint of the key in the DPoP proof, if any.

    Raises InvalidToken, InsufficientScope.
    """
    if active.token.jkt != jkt:
        raise InvalidToken
    scopes = active.token.scopes
    if OPENID not in scopes:
        raise InsufficientScope
    act = act_claim(active, scopes)
    return person_claims(active, claims_of(scopes)) | ({"act": act} if act else {})
