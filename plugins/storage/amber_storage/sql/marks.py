"""Which messages were applied: what makes a repeated delivery harmless."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete

from amber.errors import AlreadyApplied
from amber.model import Mark
from amber_storage.sql.bulk import ask, question
from amber_storage.sql.schema import applied_marks

KEPT = 1_000_000
"""How far behind the newest mark of its stream a mark may fall before it is forgotten; nothing that far behind is still
to be delivered again, because what is not acknowledged comes back within a minute."""


GIVEN = [applied_marks.c.stream, applied_marks.c.seq]
FIND = question(GIVEN, "SELECT stream, seq FROM given JOIN applied_marks USING (stream, seq)")
ADD = question(
    GIVEN,
    "INSERT INTO applied_marks (stream, seq) SELECT stream, seq FROM given WHERE true "
    "ON CONFLICT DO NOTHING RETURNING stream, seq",
)


def known_marks(connection: Connection, marks: Sequence[Mark]) -> frozenset[Mark]:
    """Which of these marks were applied."""
    return frozenset((stream, seq) for stream, seq in ask(connection, FIND, marks))


def claim_marks(connection: Connection, marks: Iterable[Mark]) -> None:
    """Note these marks as applied. Raises AlreadyApplied where one is known, or becomes known while this waits."""
    # In one order, so that two workers with the same marks wait for each other once and never in a circle.
    wanted = sorted(set(marks))
    if not wanted:
        return
    if known := frozenset(wanted) - {(stream, seq) for stream, seq in ask(connection, ADD, wanted)}:
        raise AlreadyApplied(known)
    for stream, newest in dict(wanted).items():  # sorted, so the last of each stream is its newest
        old = (applied_marks.c.stream == stream) & (applied_marks.c.seq < newest - KEPT)
        connection.execute(delete(applied_marks).where(old))
