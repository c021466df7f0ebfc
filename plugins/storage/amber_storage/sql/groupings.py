"""Why events belong together, kept once however many they are."""

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from sqlalchemy import Connection, select

from amber.model import GroupedEvent, Grouping
from amber_storage.sql.bulk import ask, insertion, question, write
from amber_storage.sql.schema import groupings

Content = tuple[int, bytes]
"""A project, and a grouping of its events as JSON."""

GIVEN = [groupings.c.project, groupings.c.digest]
FIND = question(GIVEN, "SELECT project, digest, id FROM given JOIN groupings USING (project, digest)")
ADD = insertion(groupings, "project digest key grouping")


def contents(events: Sequence[GroupedEvent]) -> list[Content]:
    """What is to be kept of each event's grouping."""
    encode = msgspec.json.Encoder().encode
    first: dict[tuple[int, str], tuple[Grouping, Content]] = {}
    found: list[Content] = []
    for grouped in events:
        project, grouping = grouped.event.project, grouped.grouping
        known = first.get((project, grouping.key))
        if known is None or known[0] != grouping:  # few are: comparing takes far less than encoding
            known = first[project, grouping.key] = grouping, (project, encode(grouping))
        found.append(known[1])
    return found


def ids_of(connection: Connection, events: Sequence[GroupedEvent], content: Sequence[Content]) -> list[int]:
    """The id under which each event's grouping is kept. The caller holds their projects."""
    keys = {one: grouped.grouping.key for one, grouped in zip(content, events, strict=True)}
    names = {one: (one[0], digest(one[1])) for one in keys}
    known = _known(connection, list(names.values()))
    new = [one for one in keys if names[one] not in known]
    if new:
        write(connection, ADD, [(*names[one], keys[one], one[1].decode()) for one in new])
        known |= _known(connection, [names[one] for one in new])
    return [known[names[one]] for one in content]


def digest(content: bytes) -> bytes:
    """What a grouping is found by."""
    return sha256(content).digest()[:16]


def groupings_of(connection: Connection, project: int, keys: Sequence[str]) -> list[int]:
    """The ids of all groupings with these keys."""
    found = select(groupings.c.id).where(groupings.c.project == project, groupings.c.key.in_(keys))
    return list(connection.execute(found.order_by(groupings.c.id)).scalars())


def _known(connection: Connection, names: Sequence[tuple[int, bytes]]) -> dict[tuple[int, bytes], int]:
    return {(project, bytes(digest)): id for project, digest, id in ask(connection, FIND, names)}
