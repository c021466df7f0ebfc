"""One-time codes that were used, and wrong proofs of the last minutes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("ember_codes", sa.Column("step", sa.BigInteger, primary_key=True, autoincrement=False))
    op.create_table(
        "ember_failures",
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("ix_ember_failures_who_at", "ember_failures", ["who", "at"])
    op.create_index("ix_ember_failures_at", "ember_failures", ["at"])


def downgrade() -> None:
    op.drop_table("ember_failures")
    op.drop_table("ember_codes")
