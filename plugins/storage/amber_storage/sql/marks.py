"""Which messages were applied: what makes a repeated delivery harmless."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, select

from amber.errors import AlreadyApplied
from amber.model import Mark
from amber_storage.sql.given import pairs
from amber_storage.sql.schema import applied_marks
from amber_storage.sql.transactions import insert_new

KEPT = 1_000_000
"""How far behind the newest mark of its stream a mark may fall before it is forgotten; nothing that far behind is still
to be delivered again, because what is not acknowledged comes back within a minute."""


def known_marks(connection: Connection, marks: Sequence[Mark]) -> frozenset[Mark]:
    """Which of these marks were applied."""
    given, seq, stream = pairs(connection, ((seq, stream) for stream, seq in marks))
    here = (applied_marks.c.stream == stream) & (applied_marks.c.seq == seq)
    found = select(applied_marks.c.stream, applied_marks.c.seq).select_from(given).join(applied_marks, here)
    return frozenset((stream, seq) for stream, seq in connection.execute(found))


def claim_marks(connection: Connection, marks: Iterable[Mark]) -> None:
    """Note these marks as applied. Raises AlreadyApplied where one is known, or becomes known while this waits."""
    # In one order, so that two workers with the same marks wait for each other once and never in a circle.
    wanted = sorted(set(marks))
    if not wanted:
        return
    statement = insert_new(connection, applied_marks).returning(applied_marks.c.stream, applied_marks.c.seq)
    rows = connection.execute(statement, [{"stream": stream, "seq": seq} for stream, seq in wanted])
    if known := frozenset(wanted) - {(stream, seq) for stream, seq in rows}:
        raise AlreadyApplied(known)
    for stream, newest in dict(wanted).items():  # sorted, so the last of each stream is its newest
        old = (applied_marks.c.stream == stream) & (applied_marks.c.seq < newest - KEPT)
        connection.execute(delete(applied_marks).where(old))
