"""What happened before: the trail of breadcrumbs."""

from typing import Any

from amber_ingest.normalise.attributes import level
from amber_ingest.normalise.bags import SMALL_BAG, bag
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import Rule, Shape, entries, loose_text, text
from amber_ingest.normalise.times import is_normal, move

CRUMB = Shape(
    "BreadcrumbShape",
    {
        "timestamp": Rule(Any, lambda value, notes, path: value),
        "type": text(128),
        "category": text(128),
        "level": Rule(Any, lambda value, notes, path: level(value, notes, path, "info"), always=True),
        "message": loose_text(8192, 200),
        "data": bag(*SMALL_BAG),
        "event_id": text(64),
        "origin": text(128),
    },
    rest="data",
)


def breadcrumbs(value: Any, notes: Notes, path: Path, moved: float) -> dict[str, Any]:
    """Breadcrumbs with their times moved by `moved` seconds, as the event's own time is."""
    inner = (*path, "values")
    kept: list[dict[str, Any]] = []
    for entry in entries(value, notes, inner):
        place = (*inner, str(len(kept)))
        crumb = CRUMB.apply(entry, notes, place)
        if crumb is None:
            continue
        if not crumb.get("type"):
            crumb["type"] = "default"
        if not crumb.get("level"):
            crumb["level"] = "info"
        moment = crumb.get("timestamp")
        if moment is not None and (moved or not is_normal(moment)):
            crumb["timestamp"] = _moved(moment, moved, notes, (*place, "timestamp"))
        kept.append(crumb)
    return {"values": kept}


def _moved(moment: Any, seconds: float, notes: Notes, path: Path) -> str | None:
    right = move(moment, seconds)
    if right is None:
        notes.bad(path, "expected a time", moment)
    return right
