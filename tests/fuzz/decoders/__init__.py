"""Every decoder that reads what others wrote, in one table; see docs/how-to/fuzz.md."""

from collections.abc import Mapping
from itertools import chain

from . import access, addresses, bus, database, events, files, forms, hosting, market, replies, requests, signals, wire
from .decoder import Decoder, Run

__all__ = ["Decoder", "Run", "all_decoders"]
ROOMS = (access, addresses, bus, database, events, files, forms, hosting, market, replies, requests, signals, wire)


def all_decoders() -> Mapping[str, Decoder]:
    """Each decoder by the name of its corpus."""
    every = list(chain.from_iterable(room.decoders() for room in ROOMS))
    assert len({one.name for one in every}) == len(every), "two decoders share a name"
    return {one.name: one for one in every}
