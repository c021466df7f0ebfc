"""What was replaced where, noted in `_meta` as SDKs and Sentry do."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from amber_enrichment.scrub.texts import Remark


class Note(Struct, frozen=True):
    """A remark and the path of the value it is about, from the event down."""

    path: tuple[str, ...]
    remark: Remark
    sign: str = "s"  # "s": substituted, "x": removed


def noted(meta: object, notes: Sequence[Note]) -> dict[str, Any]:
    """A copy of `_meta` with these notes in it."""
    answer: dict[str, Any] = copy.deepcopy(dict(meta)) if isinstance(meta, Mapping) else {}
    for note in notes:
        node = answer
        for step in (*note.path, ""):
            below = node.get(step)
            if not isinstance(below, dict):
                below = node[step] = {}
            node = below
        remarks = node.get("rem")
        node["rem"] = [*(remarks if isinstance(remarks, list) else ()), _entry(note)]
    return answer


def _entry(note: Note) -> list[str | int]:
    remark = note.remark
    if remark.start is None or remark.end is None:
        return [remark.rule, note.sign]
    return [remark.rule, note.sign, remark.start, remark.end]
