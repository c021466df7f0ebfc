"""Notes on what was mended: Sentry's `_meta` tree beside the event, and its flat list of `errors`."""

from typing import Any

from amber_ingest.normalise.encoding import fits

Path = tuple[str, ...]

MOST_NOTES = 200
MOST_ERRORS = 100
LONGEST_VALUE = 500
CLIENT_META = 64 * 1024, 24
CLIENT_ERROR = 4096, 4


class Notes:
    """Collects what was mended in one event.

    Starts from the notes the client sent along. Both collections are bounded: a hostile event cannot grow by its notes.
    """

    def __init__(self, meta: object, errors: object) -> None:
        self.meta: dict[str, Any] = meta if isinstance(meta, dict) and fits(meta, *CLIENT_META) else {}
        given = errors if isinstance(errors, list) else ()
        self.errors = [entry for entry in given if isinstance(entry, dict) and fits(entry, *CLIENT_ERROR)][:MOST_ERRORS]
        self._left = MOST_NOTES

    def bad(self, path: Path, reason: str, value: object = None, kind: str = "invalid_data") -> None:
        """Note that what stood at `path` could not be used.

        `value` is kept only where it is a short scalar: a container may hold secrets that no scrubber finds again once
        they are taken out of their place.
        """
        note: list[Any] = [kind, {"reason": reason}] if reason else [kind]
        keep = is_short_scalar(value)
        self._add(path, "err", note, {"val": value} if keep else {})
        if len(self.errors) < MOST_ERRORS:
            error: dict[str, Any] = {"type": kind, "name": ".".join(path)}
            if reason:
                error["reason"] = reason
            if keep:
                error["value"] = value
            self.errors.append(error)

    def drift(self, kind: str, given: str, used: str) -> None:
        """Note that the event's clock was wrong and its times were moved."""
        details = {"sdk_time": given, "server_time": used}
        self._add(("timestamp",), "err", [kind, details], {})
        if len(self.errors) < MOST_ERRORS:
            self.errors.append({"type": kind, "name": "timestamp", **details})

    def cut(self, path: Path, kept: int, limit: int, length: int) -> None:
        """Note that of a text of `length` characters `kept` stand; up to `limit` there are dots."""
        self._add(path, "rem", ["!limit", "s", kept, limit], {"len": length})

    def shortened(self, path: Path, length: int) -> None:
        """Note that a container had `length` entries before some were taken out."""
        self._add(path, "", None, {"len": length})

    def removed(self, path: Path, what: str) -> None:
        """Note that `what` was taken out of the container at `path` because it has no place there."""
        self._add(path, "rem", [f"@{what}", "x"], {})

    def _add(self, path: Path, kind: str, note: object, extra: dict[str, Any]) -> None:
        if self._left <= 0:
            return
        self._left -= 1
        entry = _child(self.meta, (*path, ""))
        if kind:
            known = entry.get(kind)
            if not isinstance(known, list):
                known = entry[kind] = []
            if note not in known:
                known.append(note)
        for key, value in extra.items():
            entry.setdefault(key, value)


def is_short_scalar(value: object) -> bool:
    """Whether a value is small and flat enough to be quoted in a note."""
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST_VALUE
    return isinstance(value, bool | int | float)


def _child(tree: dict[str, Any], path: Path) -> dict[str, Any]:
    for key in path:
        below = tree.get(key)
        if not isinstance(below, dict):
            below = tree[key] = {}
        tree = below
    return tree
