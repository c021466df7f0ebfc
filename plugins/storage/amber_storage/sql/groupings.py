"""Why events belong together, kept once however many they are."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

import msgspec
from sqlalchemy import Connection, select

from amber.model import REMEMBERED, GroupedEvent, Grouping
from amber_storage.sql.bulk import ask, insertion, question, write
from amber_storage.sql.schema import groupings

Name = tuple[int, bytes]
"""A project, and the digest by which one of its groupings is found."""

GIVEN = [groupings.c.project, groupings.c.digest]
FIND = question(GIVEN, "SELECT project, digest, id FROM given JOIN groupings USING (project, digest)")
ADD = insertion(groupings, "project digest key grouping")


def names_of(events: Sequence[GroupedEvent]) -> list[Name]:
    """What each event's grouping is found by."""
    return [(grouped.event.project, digest(grouped.grouping)) for grouped in events]


def ids_of(connection: Connection, events: Sequence[GroupedEvent], names: Sequence[Name]) -> list[int]:
    """The id under which each event's grouping is kept. The caller holds their projects."""
    wanted = {name: grouped.grouping for name, grouped in zip(names, events, strict=True)}
    known = _known(connection, list(wanted))
    new = [name for name in wanted if name not in known]
    if new:
        rows = ((*name, wanted[name].key, msgspec.json.encode(wanted[name]).decode()) for name in new)
        write(connection, ADD, list(rows))
        known |= _known(connection, new)
    return [known[name] for name in names]


@lru_cache(maxsize=REMEMBERED)
def digest(grouping: Grouping) -> bytes:
    """What a grouping is found by."""
    return sha256(msgspec.json.encode(grouping)).digest()[:16]


def groupings_of(connection: Connection, project: int, keys: Sequence[str]) -> list[int]:
    """The ids of all groupings with these keys."""
    found = select(groupings.c.id).where(groupings.c.project == project, groupings.c.key.in_(keys))
    return list(connection.execute(found.order_by(groupings.c.id)).scalars())


def _known(connection: Connection, names: Sequence[Name]) -> dict[Name, int]:
    return {(project, bytes(digest)): id for project, digest, id in ask(connection, FIND, names)}
