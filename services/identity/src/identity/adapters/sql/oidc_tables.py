"""The tables of OpenID Connect (OIDC). Codes, tokens, requests and proofs have a digest as their key."""

from typing import Any

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table

from identity.adapters.sql.schema import BIG, ID, index_where, metadata, reference
from identity.adapters.sql.utc_datetime import UtcDateTime

_URI = String(2000)
_DIGEST = String(64)
_THUMBPRINT = String(43)
"""A SHA-256 digest in base64url: a PKCE challenge (RFC 7636), or the thumbprint of a key (RFC 7638)."""


def _client(name: str = "client", **options: Any) -> Column[str]:
    return Column(name, String(40), ForeignKey("oidc_clients.name"), **options)


oidc_clients = Table(
    "oidc_clients",
    metadata,
    Column("name", String(40), ForeignKey("clients.name"), primary_key=True),
    Column("display_name", String(100), nullable=False),
    Column("redirect_uris", JSON, nullable=False),
    Column("post_logout_uris", JSON, nullable=False),
    Column("backchannel_uri", _URI),
    Column("scopes", JSON, nullable=False),
    Column("accepts", JSON, nullable=False),
    Column("auth", String(8), nullable=False),
    Column("keys", JSON(none_as_null=True)),
    Column("asks_consent", Boolean, nullable=False),
    Column("requires_pkce", Boolean, nullable=False),
    Column("may_refresh", Boolean, nullable=False),
    Column("requires_dpop", Boolean, nullable=False),
    Column("requires_par", Boolean, nullable=False),
    Column("id_token_alg", String(8), nullable=False),
    Column("resources", JSON, nullable=False),
    Column("has_jwt_tokens", Boolean, nullable=False),
    Column("may_reach", JSON, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

client_consents = Table(
    "client_consents",
    metadata,
    Column("account_id", ID, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    _client(primary_key=True),
    Column("scopes", JSON, nullable=False),
    Column("accepted_at", UtcDateTime, nullable=False),
)

authorization_requests = Table(
    "authorization_requests",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    _client(nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("pushed", Boolean, nullable=False),
    Column("progress", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

grants = Table(
    "grants",
    metadata,
    Column("id", ID, primary_key=True),
    _client(nullable=False),
    Column("session_id", ID, nullable=False),
    reference("holder_id->accounts", nullable=False),
    reference("account_id->accounts", nullable=False),
    reference("binding_id->bindings"),
    reference("parent_id->grants"),
    Column("scopes", JSON, nullable=False),
    Column("resources", JSON, nullable=False),
    Column("claims", JSON, nullable=False),
    Column("acr", String(100)),
    Column("amr", JSON, nullable=False),
    Column("auth_time", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("refreshed_at", UtcDateTime),
    Column("ended_at", UtcDateTime, index=True),
    Column("ended_reason", String(24)),
    Index("ix_grants_last_choice", "holder_id", "client", "created_at"),
    index_where("parent_id IS NOT NULL", "ix_grants_child", "parent_id"),
    *(
        index_where("ended_at IS NULL", f"ix_grants_{name}", name)
        for name in (
            "session_id", "holder_id", "account_id", "binding_id", "parent_id", "client", "expires_at",
        )
    ),
)  # fmt: skip
"""`session_id` has no foreign key: a grant outlives the portal's session in which it was opened."""

grant_codes = Table(
    "grant_codes",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("grant_id", ID, ForeignKey("grants.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("redirect_uri", _URI, nullable=False),
    Column("code_challenge", _THUMBPRINT),
    Column("nonce", String(500)),
    Column("jkt", _THUMBPRINT),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
)

grant_tokens = Table(
    "grant_tokens",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("grant_id", ID, ForeignKey("grants.id", ondelete="CASCADE"), nullable=False, index=True),
    _client(nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("audience", JSON, nullable=False),
    Column("act", JSON(none_as_null=True)),
    Column("jkt", _THUMBPRINT),
    Column("parent", _DIGEST),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
)

logouts = Table(
    "logouts",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("grant_id", ID, nullable=False),
    _client(nullable=False),
    Column("sub", ID, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("tries", Integer, nullable=False),
    Column("outcome", String(64)),
    Column("done_at", UtcDateTime, index=True),
    index_where("done_at IS NULL", "ix_logouts_due_at", "client", "due_at"),
    index_where("leased_until IS NOT NULL", "ix_logouts_leased_until", "client", "leased_until"),
    sqlite_autoincrement=True,
)
"""`grant_id` has no foreign key: a pending logout may be kept longer than its ended grant."""

seen_proofs = Table(
    "seen_proofs",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)
