"""Indexes for the operators' account search, built concurrently."""

from identity_migrations.indexes import build_index, drop_index

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    build_index("ix_accounts_email", "accounts", ["email"])
    build_index("ix_accounts_tax_id", "accounts", ["tax_id", "created_at"])


def downgrade() -> None:
    drop_index("ix_accounts_tax_id", "accounts")
    drop_index("ix_accounts_email", "accounts")
