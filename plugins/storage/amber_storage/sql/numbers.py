"""The numbers of events: what an event id, which is random, stands for in all that is kept by the million."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from amber.errors import Reject
from amber.model import Event
from amber_storage.sql.bulk import Statement, ask, question
from amber_storage.sql.schema import event_ids

Identity = tuple[int, bytes]
"""The project and the id of an event."""

GIVEN = [event_ids.c.project, event_ids.c.event_id]
FIND = question(GIVEN, "SELECT project, event_id, number FROM given JOIN event_ids USING (project, event_id)")
ADD = question(
    GIVEN,
    "INSERT INTO event_ids (project, event_id) SELECT project, event_id FROM given WHERE true "
    "ON CONFLICT DO NOTHING RETURNING project, event_id, number",
)


def identity(event: Event) -> Identity:
    """What an event is known by. Raises Reject where its id is no id."""
    try:
        return event.project, bytes.fromhex(event.id)
    except ValueError:
        raise Reject(f"event id {event.id!r} is not made of hex digits") from None


def numbers_of(connection: Connection, wanted: Iterable[Identity]) -> dict[Identity, int]:
    """The numbers of these events; whichever has none yet gets one. The caller holds their projects."""
    ids = list(dict.fromkeys(wanted))
    known = _asked(connection, FIND, ids)
    return known | _asked(connection, ADD, [id for id in ids if id not in known])


def new_numbers(connection: Connection, wanted: Iterable[Identity]) -> tuple[dict[Identity, int], list[Identity]]:
    """The same, and faster where most have none yet; also, which had one already."""
    ids = list(dict.fromkeys(wanted))
    made = _asked(connection, ADD, ids)
    known = [id for id in ids if id not in made]
    return made | _asked(connection, FIND, known), known


def _asked(connection: Connection, statement: Statement, ids: Sequence[Identity]) -> dict[Identity, int]:
    return {(project, bytes(id)): number for project, id, number in ask(connection, statement, ids)}
