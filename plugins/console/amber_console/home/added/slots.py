"""What plugins put into the console's own pages."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from msgspec import Struct

from amber.model import Fragment, Subject
from amber_console.home.added.markup import fault_of
from amber_console.home.visitor import Visitor

log = logging.getLogger("amber.plugin.console")


class Piece(Struct, frozen=True):
    """What one plugin puts into a slot."""

    plugin: str
    fragment: Fragment


Slots = Mapping[str, Sequence[Piece]]
"""What stands in each slot."""


async def filled(visitor: Visitor, slots: Sequence[str], subject: Subject) -> Slots:
    """What every plugin puts into these slots; a piece that would spoil the page is left out."""
    desk = visitor.kernel("pages")
    answers = await asyncio.gather(*(desk.fill(slot, subject, visitor.principal) for slot in slots))
    return {slot: _good(slot, answer) for slot, answer in zip(slots, answers, strict=True)}


def _good(slot: str, answers: Sequence[object]) -> Sequence[Piece]:
    pieces = [Piece(one.plugin, one.value) for one in answers]  # type: ignore[attr-defined]
    return [piece for piece in pieces if not _is_faulty(slot, piece)]


def _is_faulty(slot: str, piece: Piece) -> bool:
    if fault := fault_of(piece.fragment):
        log.error("what plugin %s puts into %s is left out: %s", piece.plugin, slot, fault)
    return bool(fault)
