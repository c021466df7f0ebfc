"""What people set for plugins, in the installation, an organisation or a project."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "plugin_settings",
        sa.Column("plugin", sa.Text, nullable=False),
        sa.Column("organisation", sa.Integer, nullable=False),
        sa.Column("project", sa.Integer, nullable=False),
        sa.Column("values", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("plugin", "organisation", "project", name="pk_plugin_settings"),
    )
