"""The identifier of this database, part of the key of its checkpoint in Redis."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "outbox_epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_outbox_epoch_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_epoch"),
    )


def downgrade() -> None:
    op.drop_table("outbox_epoch")
