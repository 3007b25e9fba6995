"""Grants: a person's login at a client, as one account (OIDC-8).

A grant's id is the claim `sid`. Codes, access tokens and refresh tokens belong to a grant and end with it;
a JWT access token that is verified offline stays valid until it expires (OIDC-21).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from identity.domain.session import AccountSummary

EndReason = Literal[
    "binding_removed",
    "account_suspended",
    "account_closed",
    "password_changed",
    "email_changed",
    "sessions_ended",
    "logout",
    "session_ended",
    "code_reused",
    "refresh_reused",
    "client_revoked",
    "scopes_cut",
    "revoked",
    "operator",
    "expired",
]
TokenKind = Literal["access", "refresh"]

ID_TOKEN_LIFETIME = timedelta(minutes=5)
"""How long an ID token is valid (OIDC-13); IDENTITY_OIDC_JWT is for JWT access tokens."""

REFRESHES_RECORDED = timedelta(minutes=1)
"""Minimum interval between audit entries about a grant's refreshes (OIDC-29)."""

CODE_LIFETIME = timedelta(seconds=60)
"""How long an authorization code is valid (OIDC-9)."""

PASSWORD_ONLY = ["pwd"]
"""The authentication methods of a login by password (RFC 8176)."""

PASSWORD_ACR = "urn:tw:port:identity:acr:password"  # noqa: S105  # a name
"""The authentication context of a login by password, which a client may request (`acr`)."""


@dataclass(eq=False, kw_only=True)
class Grant:
    """A grant. The account `holder_id` logged in and acts as `account_id`, through `binding_id`.

    An account that acts as itself is both, and `binding_id` is None; a link account may do so too (OIDC-7). `claims`
    are the requested claims by destination (`RequestedClaims`). `parent_id` is the link account's own grant, from which
    token exchange opened this one (OIDC-19); the end of a parent ends its children.
    """

    id: str
    client: str
    session_id: str
    holder_id: str
    account_id: str
    binding_id: str | None = None
    parent_id: str | None = None
    scopes: list[str]
    resources: list[str] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    acr: str | None = None
    amr: list[str] = field(default_factory=lambda: list(PASSWORD_ONLY))
    auth_time: datetime
    created_at: datetime
    expires_at: datetime
    refreshed_at: datetime | None = None
    ended_at: datetime | None = None
    ended_reason: EndReason | None = None

    @property
    def audited(self) -> dict[str, str]:
        """The detail of audit entries about this grant."""
        person = {} if self.holder_id == self.account_id else {"link_account_id": self.holder_id}
        return {"grant_id": self.id, "client": self.client, **person}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A single-use authorization code, stored as a digest (OIDC-9). `jkt` is the thumbprint of the bound DPoP key."""

    digest: str
    grant_id: str
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    jkt: str | None
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access or refresh token, stored as a digest (OIDC-14).

    `act` is the chain of services that exchanged the token (OIDC-19); the person's accounts are in the grant. `parent`
    is the digest of the refresh token that was used to get this token, if any.
    """

    digest: str
    kind: TokenKind
    grant_id: str
    client: str
    scopes: list[str]
    audience: list[str]
    act: dict[str, Any] | None
    jkt: str | None
    parent: str | None
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveGrant:
    """An active grant with the current data of its accounts; `actor` logged in and acts as `account`.

    `email` and `updated_at` belong to `account`.
    """

    grant: Grant
    account: AccountSummary
    actor: AccountSummary
    email: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveToken(ActiveGrant):
    token: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectedToken:
    """The data that introspection returns about an active token (OIDC-20)."""

    token: Token
    account: AccountSummary
    actor: AccountSummary
    auth_time: datetime
    acr: str | None
    amr: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedGrant:
    """A grant that has just ended, with the data for the audit log and the back-channel logout."""

    id: str
    client: str
    holder_id: str
    account_id: str
