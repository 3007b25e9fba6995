"""The token exchange request, and its scopes (RFC 8693 section 2.1, OIDC-19)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from identity.domain.oauth_errors import InvalidScope
from identity.domain.token_request import RequestedAccess

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  # the name of a type
ACCOUNT = "urn:tw:port:identity:token-type:account"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRequest(RequestedAccess):
    """The parameters of RFC 8693 section 2.1. `audience` contains client names."""

    subject: str = field(repr=False)
    subject_type: str
    actor: str | None = field(repr=False)
    actor_type: str | None
    audience: Sequence[str]


def narrowed(scopes: Sequence[str], requested: Sequence[str]) -> list[str]:
    """Return the requested scopes in the order of `scopes`; all if none are requested. Raises InvalidScope."""
    if not set(requested) <= set(scopes):
        raise InvalidScope("the token does not have all of these scopes")
    return [scope for scope in scopes if scope in requested] or list(scopes)
