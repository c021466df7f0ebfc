"""What plugins add to events that are kept already."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw
from sqlalchemy import Connection, select

from amber.model import Additions
from amber_storage.sql.bodies import compressor, dictionary_of, plain
from amber_storage.sql.bulk import change, write
from amber_storage.sql.dictionaries import Dictionaries
from amber_storage.sql.schema import event_ids, events
from amber_storage.sql.transactions import Transactions

CHANGE = change(events, "number", "body")
Added = Mapping[str, Mapping[str, Additions]]
"""By event id, what each plugin adds."""


class EventAdditions:
    """Adds to kept events; see `amber.model.EventStore` for what it promises."""

    _database: Transactions
    _dictionaries: Dictionaries

    def write_additions(self, project: int, additions: Added) -> None:
        """Keep what plugins add to these events, in the place of what the same plugins added before."""
        if not additions:
            return
        with self._database.writing({project}) as connection:
            rows = _bodies(connection, project, additions)
            changed = [(row.number, self._with(connection, bytes(row.body), additions[row.event_id])) for row in rows]
            write(connection, CHANGE, changed)

    def _with(self, connection: Connection, body: bytes, more: Mapping[str, Additions]) -> bytes:
        """The body with these additions, packed as it was; all else stays byte by byte what it is."""
        dictionary = self._dictionaries.ready(connection, dictionary_of(body))
        fields = msgspec.json.decode(plain(body, dictionary), type=dict[str, Raw])
        known = msgspec.json.decode(fields.get("additions", Raw(b"{}")), type=dict[str, Raw])
        new = {**known, **{name: Raw(msgspec.json.encode(one)) for name, one in more.items()}}
        return compressor(dictionary)(msgspec.json.encode({**fields, "additions": new}))


def _bodies(connection: Connection, project: int, ids: Iterable[str]) -> Sequence[Any]:
    found = select(events.c.number, event_ids.c.event_id, events.c.body).join(
        event_ids, event_ids.c.number == events.c.number
    )
    here = (event_ids.c.project == project) & event_ids.c.event_id.in_(list(ids))
    return connection.execute(found.where(here)).all()
