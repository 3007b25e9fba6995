"""The recorded end of the audit log's chain, to detect missing rows."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_anchor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment", BIG, nullable=False),
        sa.Column("rows", BIG, nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_audit_anchor_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_anchor"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("audit_anchor")
