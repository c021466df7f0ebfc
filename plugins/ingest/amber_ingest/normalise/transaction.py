"""Fields only transactions have. Their body is kept as it came, for the plugin that takes it."""

from typing import Any

from amber_ingest.normalise.bags import anything, bag
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import Mend

_ROOM = anything(800 * 1024, 16)


def _spans(value: Any, notes: Notes, path: Path) -> list[dict[str, Any]] | None:
    if not isinstance(value, list):
        notes.bad(path, "expected a list", value)
        return None
    right = _ROOM.mend(value, notes, path)
    return [span for span in right if isinstance(span, dict)]


TRANSACTION_FIELDS: dict[str, Mend] = {
    "spans": _spans,
    "measurements": bag(16 * 1024, 4).mend,
    "breakdowns": bag(16 * 1024, 5).mend,
    "profile_id": anything(64, 0).mend,
    "time_spent": anything(64, 0).mend,
}
