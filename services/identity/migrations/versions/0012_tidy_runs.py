"""The time of the last successful run of `identity tidy`."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "tidy_runs",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_tidy_runs_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_tidy_runs"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("tidy_runs")
