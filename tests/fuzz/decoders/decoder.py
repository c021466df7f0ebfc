"""What a decoder is to those who fuzz it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch
from uuid import UUID

import msgspec
from msgspec import Struct

Run = Callable[[bytes], object]
Made = Run | AbstractContextManager[Run]
ONE = UUID(int=1)


class Decoder(Struct, frozen=True):
    """A way in for foreign bytes.

    `make` sets it up and answers the function to call (or a context that gives it). The function answers anything that
    has a repr, the same each time unless it `changes` something, and raises one of `refusals`, which its documentation
    promises, or nothing; up to `longest` bytes at once. `seeds` are inputs beside its corpus.
    """

    name: str
    make: Callable[[], Made]
    refusals: tuple[type[Exception], ...]
    changes: bool = False
    longest: int = 1 << 20
    seeds: Callable[[], list[bytes]] = list

    @contextmanager
    def open(self) -> Iterator[Run]:
        """The function to call, for as long as the context lasts."""
        made = self.make()
        if isinstance(made, AbstractContextManager):
            with made as run:
                yield run
        else:
            yield made

    def answer(self, run: Run, data: bytes) -> object:
        """What it answers, or its refusal as text. Whatever else it raises is a find."""
        try:
            if self.changes:
                return run(data)
            with patch("uuid.uuid4", lambda: ONE):  # an id made up on the way is no part of the answer
                return run(data)
        except self.refusals as refusal:
            return f"{type(refusal).__name__}: {refusal}"


def json_of(data: bytes) -> Any:
    """The JSON in a corpus file that stands for a value; None where a mutation left none."""
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return None


def text_of(data: bytes) -> str:
    """Bytes as the text that some sender could have written, lone surrogates included."""
    return data.decode("utf-8", "surrogateescape")


def header_of(data: bytes) -> str:
    """Bytes as the edge reads a header: Latin-1, one line."""
    return data.decode("latin-1").replace("\r", "").replace("\n", "")


def lines_of(data: bytes, count: int) -> list[bytes]:
    """The first lines of a file, as many as asked for; the last holds all the rest."""
    return (data.split(b"\n", count - 1) + [b""] * count)[:count]
