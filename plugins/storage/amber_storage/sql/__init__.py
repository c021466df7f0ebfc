"""Keeps events, issues and the directory in SQLite or PostgreSQL: one set of statements for both."""

from typing import Any

from sqlalchemy import select

from amber import Context, hookimpl
from amber.errors import Unavailable
from amber.model import Directory, EventStore, IssueStore
from amber_storage.sql.directory import SqlDirectory
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.issues import SqlIssueStore
from amber_storage.sql.transactions import Transactions


@hookimpl
def event_store(ctx: Context[Any]) -> EventStore:
    """Events, attachments and feedback."""
    return SqlEventStore(ctx.database)


@hookimpl
def issue_store(ctx: Context[Any]) -> IssueStore:
    """Issues, counts and the outbox."""
    return SqlIssueStore(ctx.database)


@hookimpl
def directory(ctx: Context[Any]) -> Directory:
    """Organisations, projects, keys, people and tokens."""
    return SqlDirectory(ctx.database)


@hookimpl
def plugin_health(ctx: Context[Any]) -> str | None:
    """Whether the database answers."""
    try:
        with Transactions(ctx.database).reading() as connection:
            connection.execute(select(1))
    except Unavailable as error:
        return str(error)
    return None
