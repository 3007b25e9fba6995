"""Requests to redeem a code or to refresh tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from identity.domain.grant import Code
from identity.domain.oauth_errors import InvalidGrant
from identity.domain.pkce import is_verified


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedAccess:
    """What a client requests. `jkt` is the thumbprint of the key in its DPoP proof, if any."""

    scopes: Sequence[str] = ()
    resources: Sequence[str] = ()
    jkt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest(RequestedAccess):
    code: str = field(repr=False)
    redirect_uri: str | None
    verifier: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRequest(RequestedAccess):
    """A request to refresh tokens. Without scopes or resources, those of the refresh token apply."""

    refresh_token: str = field(repr=False)


def check_code(code: Code, request: CodeRequest) -> None:
    """Raise InvalidGrant if redirect URI, PKCE verifier or DPoP key differ from those of the code (OIDC-9)."""
    if request.redirect_uri != code.redirect_uri:
        raise InvalidGrant("redirect_uri differs from the authorization request")
    if not is_verified(code.code_challenge, request.verifier):
        raise InvalidGrant("code_verifier does not match the authorization request")
    if code.jkt not in {None, request.jkt}:
        raise InvalidGrant("the code is bound to another key")
