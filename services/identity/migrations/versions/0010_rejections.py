"""Rejected registrations, kept to show the applicant the decision."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "rejections",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("username_key", sa.String(length=30), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_rejections_account_id"),
        sa.PrimaryKeyConstraint("account_id", name="pk_rejections"),
        if_not_exists=True,
    )
    for column in ("username_key", "rejected_at"):
        op.create_index(f"ix_rejections_{column}", "rejections", [column], if_not_exists=True)


def downgrade() -> None:
    op.drop_table("rejections")
