"""Service clients with their rights and the digests of their secrets."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("rotated_at", TIMESTAMP, nullable=False),
        sa.Column("former_digest", sa.String(length=64), nullable=True),
        sa.Column("former_ends_at", TIMESTAMP, nullable=True),
        sa.Column("revoked_at", TIMESTAMP, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_clients"),
        sa.UniqueConstraint("digest", name="uq_clients_digest"),
        sa.UniqueConstraint("former_digest", name="uq_clients_former_digest"),
    )


def downgrade() -> None:
    op.drop_table("clients")
