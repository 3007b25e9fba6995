"""Functions that both kinds of token exchange share (RFC 8693, OIDC-19)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from identity.domain.grant import ActiveToken
from identity.domain.oauth_errors import InvalidScope
from identity.domain.service_client import digest_of
from identity.usecases.ports import Ports

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  # the name of a type
ACCOUNT = "urn:tw:port:identity:token-type:account"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRequest:
    """A token exchange request. `audience` contains client names; `jkt` is the thumbprint of the proven key, if any."""

    subject: str = field(repr=False)
    subject_type: str
    actor: str | None = field(repr=False)
    actor_type: str | None
    audience: Sequence[str]
    resources: Sequence[str]
    scopes: Sequence[str]
    jkt: str | None


def active_access_token(ports: Ports, token: str) -> ActiveToken | None:
    """Return the active access token, or None."""
    active = ports.token_queries.active_token(digest_of(token), ports.clock.now())
    return active if active is not None and active.token.kind == "access" else None


def narrowed(scopes: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Return the requested scopes, by default all. Raises InvalidScope for any other scope."""
    if not set(asked) <= set(scopes):
        raise InvalidScope("the token does not have all of these scopes")
    return [scope for scope in scopes if scope in asked] or list(scopes)
