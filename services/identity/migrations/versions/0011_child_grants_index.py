"""An index to find the child grants of a grant before its deletion, built concurrently."""

import sqlalchemy as sa
from identity_migrations.indexes import build_index, drop_index

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    build_index("ix_grants_child", "grants", ["parent_id"], where=sa.text("parent_id IS NOT NULL"))


def downgrade() -> None:
    drop_index("ix_grants_child", "grants")
