"""The first tables, and a trigger that notifies the relay of new outbox rows on PostgreSQL."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TIMESTAMP = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("username", sa.String(length=30), nullable=False),
        sa.Column("username_key", sa.String(length=30), nullable=True),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("mobile", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("mailbox_key", sa.String(length=300), nullable=True),
        sa.Column("tax_id", sa.String(length=10), nullable=False),
        sa.Column("company_phone", sa.String(length=32), nullable=False),
        sa.Column("company_name", sa.String(length=100), nullable=False),
        sa.Column("company_address", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("former_hashes", sa.JSON(), nullable=False),
        sa.Column("credential_version", sa.Integer(), nullable=False),
        sa.Column("review", sa.String(length=8), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("email_verified_at", TIMESTAMP, nullable=True),
        sa.Column("suspended_at", TIMESTAMP, nullable=True),
        sa.Column("closed_at", TIMESTAMP, nullable=True),
        sa.Column("closed_reason", sa.String(length=16), nullable=True),
        sa.Column("pending_email", sa.String(length=254), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("mailbox_key", name="uq_accounts_mailbox_key"),
        sa.UniqueConstraint("username_key", name="uq_accounts_username_key"),
    )
    op.create_index("ix_accounts_created_at", "accounts", ["created_at"], unique=False)
    op.create_index(
        "ix_accounts_unverified",
        "accounts",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("email_verified_at IS NULL AND closed_at IS NULL"),
        sqlite_where=sa.text("email_verified_at IS NULL AND closed_at IS NULL"),
    )
    op.create_table(
        "counters",
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_counters"),
    )
    op.create_index("ix_counters_expires_at", "counters", ["expires_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("ce", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("position", BIG, nullable=True),
        sa.Column("published_at", TIMESTAMP, nullable=True),
        sa.Column("mail_state", sa.String(length=8), nullable=True),
        sa.Column("mail_expires_at", TIMESTAMP, nullable=True),
        sa.Column("mail_at", TIMESTAMP, nullable=True),
        sa.Column("mail_category", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("event_id", name="uq_outbox_event_id"),
        sa.UniqueConstraint("position", name="uq_outbox_position"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("position IS NULL"),
        sqlite_where=sa.text("position IS NULL"),
    )
    op.create_index(
        "ix_outbox_sealed",
        "outbox",
        ["mail_expires_at"],
        unique=False,
        postgresql_where=sa.text("sealed IS NOT NULL"),
        sqlite_where=sa.text("sealed IS NOT NULL"),
    )
    op.create_index("ix_outbox_subject", "outbox", ["subject", "id"], unique=False)
    op.create_table(
        "bindings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("link_account_id", sa.String(length=36), nullable=False),
        sa.Column("general_account_id", sa.String(length=36), nullable=False),
        sa.Column("live_general_id", sa.String(length=36), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("requested_at", TIMESTAMP, nullable=False),
        sa.Column("verified_at", TIMESTAMP, nullable=True),
        sa.Column("removed_at", TIMESTAMP, nullable=True),
        sa.Column("removed_reason", sa.String(length=24), nullable=True),
        sa.Column("dismissed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["general_account_id"], ["accounts.id"], name="fk_bindings_general_account_id"
        ),
        sa.ForeignKeyConstraint(["link_account_id"], ["accounts.id"], name="fk_bindings_link_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bindings"),
        sa.UniqueConstraint("live_general_id", name="uq_bindings_live_general_id"),
    )
    op.create_index(
        "ix_bindings_link_account_id", "bindings", ["link_account_id", "requested_at"], unique=False
    )
    op.create_index(
        "ix_bindings_unverified",
        "bindings",
        ["requested_at"],
        unique=False,
        postgresql_where=sa.text("status = 'unverified'"),
        sqlite_where=sa.text("status = 'unverified'"),
    )
    op.create_table(
        "consents",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("document", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("accepted_at", TIMESTAMP, nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_consents_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "document", "version", name="pk_consents"),
    )
    op.create_table(
        "mail_links",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("issued_at", TIMESTAMP, nullable=False),
        sa.Column("used_at", TIMESTAMP, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_mail_links_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "purpose", name="pk_mail_links"),
    )
    op.create_index("ix_mail_links_issued_at", "mail_links", ["issued_at"], unique=False)
    op.create_table(
        "bind_codes",
        sa.Column("binding_id", sa.String(length=36), nullable=False),
        sa.Column("challenge", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("issued_at", TIMESTAMP, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["binding_id"], ["bindings.id"], name="fk_bind_codes_binding_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("binding_id", name="pk_bind_codes"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("holder_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("binding_id", sa.String(length=36), nullable=True),
        sa.Column("consents", sa.String(length=32), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("seen_at", TIMESTAMP, nullable=False),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sessions_account_id"),
        sa.ForeignKeyConstraint(["binding_id"], ["bindings.id"], name="fk_sessions_binding_id"),
        sa.ForeignKeyConstraint(["holder_id"], ["accounts.id"], name="fk_sessions_holder_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_digest", name="uq_sessions_token_digest"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"], unique=False)
    op.create_index("ix_sessions_binding_id", "sessions", ["binding_id"], unique=False)
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False)
    op.create_index("ix_sessions_holder_id", "sessions", ["holder_id"], unique=False)
    op.create_index("ix_sessions_seen_at", "sessions", ["seen_at"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        _notify()


def _notify() -> None:
    # A trigger needs no extra round trip. PostgreSQL sends the notification only when the transaction commits.
    op.execute(
        """
        CREATE FUNCTION identity_outbox_notify() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_notify('identity_outbox', ''); RETURN NULL; END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER identity_outbox_notify AFTER INSERT ON outbox
        FOR EACH STATEMENT EXECUTE FUNCTION identity_outbox_notify()
        """
    )


def downgrade() -> None:
    op.drop_index("ix_sessions_seen_at", table_name="sessions")
    op.drop_index("ix_sessions_holder_id", table_name="sessions")
    op.drop_index("ix_sessions_expires_at", table_name="sessions")
    op.drop_index("ix_sessions_binding_id", table_name="sessions")
    op.drop_index("ix_sessions_account_id", table_name="sessions")
    op.drop_table("sessions")
    op.drop_table("bind_codes")
    op.drop_index("ix_mail_links_issued_at", table_name="mail_links")
    op.drop_table("mail_links")
    op.drop_table("consents")
    op.drop_index(
        "ix_bindings_unverified",
        table_name="bindings",
        postgresql_where=sa.text("status = 'unverified'"),
        sqlite_where=sa.text("status = 'unverified'"),
    )
    op.drop_index("ix_bindings_link_account_id", table_name="bindings")
    op.drop_table("bindings")
    op.drop_index("ix_outbox_subject", table_name="outbox")
    op.drop_index(
        "ix_outbox_sealed",
        table_name="outbox",
        postgresql_where=sa.text("sealed IS NOT NULL"),
        sqlite_where=sa.text("sealed IS NOT NULL"),
    )
    op.drop_index(
        "ix_outbox_pending",
        table_name="outbox",
        postgresql_where=sa.text("position IS NULL"),
        sqlite_where=sa.text("position IS NULL"),
    )
    op.drop_table("outbox")
    op.drop_index("ix_counters_expires_at", table_name="counters")
    op.drop_table("counters")
    op.drop_index(
        "ix_accounts_unverified",
        table_name="accounts",
        postgresql_where=sa.text("email_verified_at IS NULL AND closed_at IS NULL"),
        sqlite_where=sa.text("email_verified_at IS NULL AND closed_at IS NULL"),
    )
    op.drop_index("ix_accounts_created_at", table_name="accounts")
    op.drop_table("accounts")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION identity_outbox_notify()")
