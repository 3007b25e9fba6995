"""The scopes that a port service may request, and the claims of each scope (OIDC-13, OIDC-20)."""

from collections.abc import Iterable, Mapping
from typing import Final

from identity.domain.session import PASS_RIGHTS

OPENID: Final = "openid"
CLAIMS: Final[Mapping[str, tuple[str, ...]]] = {
    OPENID: ("sub", "act"),
    "profile": ("name", "preferred_username", "updated_at"),
    "email": ("email", "email_verified"),
    "company": ("company", "account_kind"),
    "actor": ("act",),
    **dict.fromkeys(PASS_RIGHTS, ()),
}
"""The claims of each scope. Rights (`pass:…`) add no claims; introspection lists them. `actor` adds data to `act`."""

SCOPES: Final = tuple(CLAIMS)


def claims_of(scopes: Iterable[str]) -> frozenset[str]:
    return frozenset(claim for scope in scopes for claim in CLAIMS[scope])


def rights_of(scopes: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """Return the `allowed` rights in the pass system that these scopes include (SW-1)."""
    named = set(scopes)
    return tuple(right for right in allowed if right in named)
