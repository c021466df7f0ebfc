"""What a form just did, told on the page it leads back to; the address carries it, so nothing has to be remembered."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import Struct

SAID: Mapping[str, str] = {"resolve": "Resolved", "ignore": "Ignored", "reopen": "Reopened", "assign": "Assigned"}
UNDOABLE = ("resolve", "ignore")
IDS = re.compile(r"[1-9][0-9]{0,17}(,[1-9][0-9]{0,17}){0,199}")


class Done(Struct, frozen=True):
    """One deed: `Resolved 3 issues`; it can be taken back where `undo` is set."""

    sentence: str
    issues: tuple[str, ...]
    undo: str


def done_query(path: str, change: str, issues: Sequence[int]) -> str:
    """`path` with what was done to these issues."""
    parts = urlsplit(path)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in ("done", "to")]
    deed = [("done", change.partition(":")[0]), ("to", ",".join(map(str, issues)))]
    return f"{parts.path}?{urlencode(kept + deed)}"


def done_of(asked: Mapping[str, str]) -> Done | None:
    """What the address says was done; None where it says nothing we know."""
    deed, to = asked.get("done", ""), asked.get("to", "")
    if deed not in SAID or not IDS.fullmatch(to):
        return None
    issues = tuple(to.split(","))
    count = f"{len(issues)} issues" if len(issues) > 1 else "1 issue"
    return Done(f"{SAID[deed]} {count}.", issues, "reopen" if deed in UNDOABLE else "")
