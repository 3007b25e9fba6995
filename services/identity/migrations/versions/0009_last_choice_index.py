"""An index to find the account that a person last chose at a service, built concurrently."""

from identity_migrations.indexes import build_index, drop_index

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    build_index("ix_grants_last_choice", "grants", ["holder_id", "client", "created_at"])


def downgrade() -> None:
    drop_index("ix_grants_last_choice", "grants")
