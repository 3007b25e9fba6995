"""What a client sends to redeem a code or to refresh."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from identity.domain.grant import Code
from identity.domain.oauth_errors import InvalidGrant
from identity.domain.pkce import is_verified


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """What a client may ask for in both cases; `jkt` is the thumbprint of the key that it has proven, if any."""

    scopes: Sequence[str] = ()
    resources: Sequence[str] = ()
    jkt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRequest(TokenWish):
    """What a client sends to redeem a code."""

    code: str = field(repr=False)
    redirect_uri: str | None
    verifier: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRequest(TokenWish):
    """What a client sends to refresh; without scopes or resources it keeps those that it has."""

    refresh_token: str = field(repr=False)


def check_code(code: Code, asked: CodeRequest) -> None:
    """Raise InvalidGrant if the code was not made for this request (OIDC-9)."""
    if asked.redirect_uri != code.redirect_uri:
        raise InvalidGrant("redirect_uri is not that of the authorization request")
    if not is_verified(code.code_challenge, asked.verifier):
        raise InvalidGrant("code_verifier does not belong to the authorization request")
    if code.jkt not in {None, asked.jkt}:
        raise InvalidGrant("the code is bound to another key")
