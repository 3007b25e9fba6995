"""A grant: this person, acting for this company, at this client, since this login (OIDC-8).

Its id is the `sid`. Codes, access tokens and refresh tokens belong to it, and its end is theirs.
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
"""OIDC-13."""

REFRESHES_RECORDED = timedelta(minutes=1)
"""A grant's refreshes are recorded at most once in this time (OIDC-29)."""

CODE_LIFETIME = timedelta(seconds=60)
"""OIDC-9."""

LOST_ANSWER = timedelta(seconds=60)
"""How long a used refresh token may come again, if the one it gave is unused (OIDC-16)."""

PASSWORD_ONLY = ["pwd"]
"""The authentication methods of a login by password (RFC 8176)."""

PASSWORD_ACR = "urn:tw:port:identity:acr:password"  # noqa: S105  # a name
"""The authentication context of a login by password, which a client may ask for (`acr`)."""


@dataclass(eq=False, kw_only=True)
class Grant:
    """A grant: `holder_id` logged in, and it acts as `account_id`, by `binding_id` if it is a link account's.

    A link account that acts for no company has neither (OIDC-7): holder and account are the same. `claims` is the
    request's `claims` parameter. `parent_id` is the grant from which a company was added by token exchange (OIDC-19);
    it ends its children too.
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
        """What entries of the audit log about this grant contain."""
        person = {} if self.holder_id == self.account_id else {"link_account_id": self.holder_id}
        return {"grant_id": self.id, "client": self.client, **person}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code, stored under its digest; used once (OIDC-9)."""

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
    """An access or refresh token, stored under its digest (OIDC-14).

    `act` is the chain of services that exchanged it (OIDC-19); whom the person acts for is the grant's. `parent` is the
    digest of the refresh token that it was issued for.
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
    """A grant that is active at this moment, with the accounts as they are now."""

    grant: Grant
    account: AccountSummary
    actor: AccountSummary
    email: str
    updated_at: datetime

    @property
    def acts_for_company(self) -> bool:
        """Whether a link account acts as a general account."""
        return self.grant.binding_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveToken(ActiveGrant):
    """A token that is active at this moment, with its grant."""

    token: Token


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectedToken:
    """What introspection returns about an active token (OIDC-20)."""

    token: Token
    account: AccountSummary
    actor: AccountSummary
    auth_time: datetime
    acr: str | None
    amr: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedGrant:
    """A grant that was just ended: what the audit log records and a logout names."""

    id: str
    client: str
    holder_id: str
    account_id: str
