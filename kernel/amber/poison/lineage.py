"""Messages made of others (parts of a frame, dead letters): what makes a repeat of one harmless.

A process may die between publishing such a message and letting go of the one it was made of; then it is made again.
Each therefore carries its place in the original: a mark of its own that a store applies once, however often it comes.
"""

from collections.abc import Iterable

from amber.bus import Message
from amber.model import Mark
from amber.poison.letters import PART, mark_of


def unapplied(messages: Iterable[Message], known: Iterable[Mark]) -> list[Message]:
    """The messages whose mark is not known; of several that bear one mark, the first."""
    seen, fresh = set(known), []
    for message in messages:
        mark = mark_of(message)
        if mark not in seen:
            seen.add(mark)
            fresh.append(message)
    return fresh


def part_of(message: Message, name: str) -> dict[str, str]:
    """The header of a part of this message; the same for every copy of the message."""
    stream, seq = mark_of(message)
    return {PART: f"{stream}/{name}/{seq}"}
