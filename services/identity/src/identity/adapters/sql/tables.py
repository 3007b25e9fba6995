"""All tables except those of OpenID Connect."""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from identity.adapters.sql.schema import BIG, ID, index_where, metadata, reference
from identity.adapters.sql.utc_datetime import UtcDateTime

accounts = Table(
    "accounts",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("username", String(30), nullable=False),
    Column("username_key", String(30), unique=True),
    Column("name", String(50), nullable=False),
    Column("mobile", String(16), nullable=False),
    Column("email", String(254), nullable=False),
    Column("mailbox_key", String(300), unique=True),
    Column("tax_id", String(10), nullable=False),
    Column("company_phone", String(32), nullable=False),
    Column("company_name", String(100), nullable=False),
    Column("company_address", String(200), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("former_hashes", JSON, nullable=False),
    Column("credential_version", Integer, nullable=False),
    Column("review", String(8), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("email_verified_at", UtcDateTime),
    Column("suspended_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("closed_reason", String(16)),
    Column("pending_email", String(254)),
    Column("revision", Integer, nullable=False),
    Column("sequence", BIG, nullable=False),
    Column("updated_at", UtcDateTime),
    index_where("email_verified_at IS NULL AND closed_at IS NULL", "ix_accounts_unverified", "created_at"),
    Index("ix_accounts_created_at", "created_at"),
    Index("ix_accounts_email", "email"),
    Index("ix_accounts_tax_id", "tax_id", "created_at"),
)

bindings = Table(
    "bindings",
    metadata,
    Column("id", ID, primary_key=True),
    reference("link_account_id->accounts", nullable=False),
    reference("general_account_id->accounts", nullable=False),
    Column("live_general_id", ID, unique=True),
    Column("status", String(16), nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("verified_at", UtcDateTime),
    Column("used_at", UtcDateTime),
    Column("removed_at", UtcDateTime),
    Column("removed_reason", String(24)),
    Column("dismissed", Boolean, nullable=False),
    Index("ix_bindings_link_account_id", "link_account_id", "requested_at"),
    index_where("status = 'unverified'", "ix_bindings_unverified", "requested_at"),
)

bind_codes = Table(
    "bind_codes",
    metadata,
    Column("binding_id", ID, ForeignKey("bindings.id", ondelete="CASCADE"), primary_key=True),
    Column("challenge", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False),
)

mail_links = Table(
    "mail_links",
    metadata,
    Column("account_id", ID, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("value", String(64), nullable=False),
    Column("email", String(254), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("token_digest", String(64), nullable=False, unique=True),
    reference("holder_id->accounts", nullable=False, index=True),
    reference("account_id->accounts", nullable=False, index=True),
    reference("binding_id->bindings", index=True),
    Column("consents", String(32), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("address", String(45), nullable=False),
    Column("user_agent", String(200), nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("account_id", ID, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("document", String(32), primary_key=True),
    Column("version", String(32), primary_key=True),
    Column("accepted_at", UtcDateTime, nullable=False),
    Column("address", String(45), nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("key", String(400), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

clients = Table(
    "clients",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("rights", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("digest", String(64), unique=True),
    Column("rotated_at", UtcDateTime, nullable=False),
    Column("former_digest", String(64), unique=True),
    Column("former_ends_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("event_id", ID, nullable=False, unique=True),
    Column("type", String(64), nullable=False),
    Column("subject", ID, nullable=False),
    Column("ce", Text, nullable=False),
    Column("sealed", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("position", BIG, unique=True),
    Column("published_at", UtcDateTime),
    Column("mail_state", String(8)),
    Column("mail_expires_at", UtcDateTime),
    Column("mail_at", UtcDateTime),
    Column("mail_category", String(32)),
    Index("ix_outbox_subject", "subject", "id"),
    index_where("position IS NULL", "ix_outbox_pending", "id"),
    index_where("sealed IS NOT NULL", "ix_outbox_sealed", "mail_expires_at"),
    sqlite_autoincrement=True,
)

outbox_epoch = Table(
    "outbox_epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", String(32), nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("action", String(40), nullable=False),
    Column("result", String(8), nullable=False),
    Column("actor_kind", String(8), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("via", String(64)),
    Column("account_id", ID),
    Column("link_account_id", ID),
    Column("address", String(45), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("reason", String(500)),
    Column("detail", Text, nullable=False),
    Column("place", BIG, unique=True),
    Column("mac", String(64)),
    Index("ix_audit_account_id", "account_id", "id"),
    index_where("link_account_id IS NOT NULL", "ix_audit_link_account_id", "link_account_id", "id"),
    index_where("actor_kind = 'operator'", "ix_audit_operator", "actor", "id"),
    index_where("place IS NULL", "ix_audit_unsealed", "id"),
    sqlite_autoincrement=True,
)
"""No foreign keys, because the log outlives the rows to which it refers."""

audit_segments = Table(
    "audit_segments",
    metadata,
    Column("number", BIG, primary_key=True, autoincrement=False),
    Column("first", BIG, nullable=False),
    Column("last", BIG, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("head", String(64), nullable=False),
    Column("key", String(16), nullable=False),
    Column("sealed_at", UtcDateTime, key="chained_at", nullable=False, index=True),
    Column("pruned_at", UtcDateTime),
    Column("seal", String(64), key="mac", nullable=False),
)

audit_anchor = Table(
    "audit_anchor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("segment", BIG, nullable=False),
    Column("rows", BIG, nullable=False),
    Column("head", String(64), nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)


rejections = Table(
    "rejections",
    metadata,
    reference("account_id->accounts", primary_key=True),
    Column("username_key", String(30), nullable=False, index=True),
    Column("password_hash", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("rejected_at", UtcDateTime, nullable=False, index=True),
)

tidy_runs = Table(
    "tidy_runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("finished_at", UtcDateTime, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
