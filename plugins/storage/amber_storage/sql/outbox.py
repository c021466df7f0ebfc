"""Facts on their way out: written in the transaction that made them true, published by the kernel's relay."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from msgspec import structs
from sqlalchemy import Connection, delete, insert, select

from amber.model import Fact
from amber_storage.sql.columns import fields
from amber_storage.sql.schema import outbox


def new_fact(type: str, project: int, at: float, data: Mapping[str, Any]) -> Fact:
    """A fact with an id of its own."""
    return Fact(uuid4().hex, type, project, at, data)


def add_facts(connection: Connection, facts: Sequence[Fact]) -> None:
    """Put facts (one at least) into the outbox, in this order."""
    connection.execute(insert(outbox), [structs.asdict(fact) for fact in facts])


def oldest_facts(connection: Connection, limit: int) -> tuple[Fact, ...]:
    """The facts that have waited longest."""
    found = select(*fields(outbox, Fact)).order_by(outbox.c.number).limit(limit)
    return tuple(Fact(*row) for row in connection.execute(found))


def remove_facts(connection: Connection, ids: Sequence[str]) -> None:
    """Take facts out of the outbox."""
    connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))
