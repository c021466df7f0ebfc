"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def flags(*names: str) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean, nullable=False) for name in names]


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def moments(*names: str, nullable: bool = True) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double, nullable=nullable) for name in names]


def owner(table: str, column: str, of: str) -> list[sa.schema.SchemaItem]:
    name = f"fk_{table}_{column}"
    return [number(column), sa.ForeignKeyConstraint([column], [f"{of}.id"], name=name, ondelete="CASCADE")]


def make(table: str, kind: sa.types.TypeEngine[int], *parts: sa.schema.SchemaItem) -> None:
    key = sa.PrimaryKeyConstraint("id", name=f"pk_{table}")
    op.create_table(table, sa.Column("id", kind), *parts, key, sqlite_autoincrement=True)


def unique(table: str, *names: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*names, name=f"uq_{table}_{'_'.join(names)}")


def upgrade() -> None:
    monitors, watches, runs = "checkins_monitors", "checkins_watches", "checkins_runs"
    make(
        monitors,
        sa.Integer(),
        number("project"),
        *text("slug", "name", "plan"),
        *flags("follows_code", "is_muted"),
        sa.Column("targets", sa.Text),
        *moments("created_at", nullable=False),
        unique(monitors, "project", "slug"),
    )
    make(
        watches,
        sa.Integer(),
        *owner(watches, "monitor", monitors),
        *text("environment"),
        *flags("is_muted"),
        *text("last_status"),
        *moments("last_at", nullable=False),
        *moments("due", "deadline"),
        *(number(name) for name in ("failures", "successes")),
        *moments("failing_since"),
        unique(watches, "monitor", "environment"),
    )
    make(
        runs,
        BIG,
        *owner(runs, "watch", watches),
        *text("uid", "status"),
        *moments("at", nullable=False),
        *moments("ended_at", "due", "duration", "timeout_at"),
        *text("closed_by"),
        unique(runs, "watch", "uid"),
    )
    make("checkins_facts", BIG, *text("fact"))
    for table, columns in ((watches, ["deadline"]), (runs, ["watch", "at"]), (runs, ["timeout_at"])):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
