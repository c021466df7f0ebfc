"""Wrong passwords of the last minutes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "password_failures",
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("ix_password_failures_who_at", "password_failures", ["who", "at"])
    op.create_index("ix_password_failures_at", "password_failures", ["at"])


def downgrade() -> None:
    op.drop_table("password_failures")
