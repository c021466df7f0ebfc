"""What is kept for how long: events by age, those that went, jobs that one process at a time may do."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("issues", sa.Column("pruned", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "gone_events",
        sa.Column("number", BIG, autoincrement=False),
        sa.Column("project", sa.Integer, nullable=False),
        sa.Column("gone_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_gone_events"),
    )
    for table, names in (("gone_events", "gone_at number"), ("events", "received_at number")):
        columns = ["project", *names.split()]
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
    op.create_index("ix_attachments_project_received_at", "attachments", ["project", "received_at"])
    op.create_table(
        "jobs",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "holder")),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("started_at", "expires_at")),
        sa.PrimaryKeyConstraint("name", name="pk_jobs"),
        sqlite_with_rowid=False,
    )
