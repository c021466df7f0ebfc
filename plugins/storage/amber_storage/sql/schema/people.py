"""People, their places in organisations and teams, and their sessions."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, UniqueConstraint

from amber_storage.sql.schema.parts import an_id, metadata, moment, owner, text

users = Table(
    "users",
    metadata,
    an_id(),
    text("email"),
    text("email_folded"),  # what makes an address the same address
    text("name"),
    text("password_hash"),
    moment("created_at"),
    Column("is_superuser", Boolean, nullable=False),
    UniqueConstraint("email_folded"),
    sqlite_autoincrement=True,
)

memberships = Table(
    "memberships",
    metadata,
    owner("organisations", primary_key=True),
    owner("users", primary_key=True),
    text("role"),
    moment("joined_at"),
    Index(None, "user"),
)

invitations = Table(
    "invitations",
    metadata,
    an_id(),
    owner("organisations"),
    text("email"),
    text("email_folded"),
    text("role"),
    text("invited_by"),
    moment("created_at"),
    moment("expires_at"),
    Column("digest", LargeBinary, nullable=False),
    UniqueConstraint("organisation", "email_folded"),
    UniqueConstraint("digest"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    metadata,
    an_id(),
    owner("users"),
    owner("organisations"),
    moment("created_at"),
    moment("last_used_at"),
    moment("expires_at"),
    text("client_ip"),
    text("user_agent"),
    Column("digest", LargeBinary, nullable=False),
    UniqueConstraint("digest"),
    Index(None, "user"),
    sqlite_autoincrement=True,
)

teams = Table(
    "teams",
    metadata,
    an_id(),
    owner("organisations"),
    text("slug"),
    text("name"),
    moment("created_at"),
    UniqueConstraint("organisation", "slug"),
    sqlite_autoincrement=True,
)

team_members = Table(
    "team_members",
    metadata,
    owner("teams", primary_key=True),
    owner("users", primary_key=True),
)

team_projects = Table(
    "team_projects",
    metadata,
    owner("teams", primary_key=True),
    owner("projects", primary_key=True),
)
