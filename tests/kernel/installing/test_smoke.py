"""What is made of a plugin's module, and of what its import did; test_rehearsal.py really imports some."""

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msgspec import Struct

from amber import hookimpl
from amber.installing import smoke


def module(**held: Any) -> ModuleType:
    made = ModuleType("stranger")
    for name, value in held.items():
        setattr(made, name, value)
    return made


class Config(Struct, frozen=True):
    """What a stranger needs."""

    key: str
    colour: str = "red"


@hookimpl
def enrich_events(events: Any) -> list[Any]:
    return [None for _ in events]


@hookimpl
def no_such_hook() -> None:
    return None


@hookimpl
def group_events(evnts: Any) -> list[Any]:
    return [None for _ in evnts]


def test_hooks_are_known_by_their_mark_and_needs_by_having_no_default() -> None:
    stranger = module(enrich_events=enrich_events, on_fact=len, Config=Config)
    assert smoke._hooks(stranger) == ("enrich_events",)
    assert smoke._missing(stranger) == ("key",)
    assert smoke._missing(module()) == ()
    assert smoke._unfit("stranger", stranger) == ""


def test_what_neither_pluggy_nor_a_form_could_use_is_told() -> None:
    assert "{'evnts'}" in smoke._unfit("stranger", module(group_events=group_events))
    assert smoke._unfit("stranger", module(no_such_hook=no_such_hook)) == "unknown hook 'no_such_hook'"
    with pytest.raises(TypeError, match="its Config is no msgspec Struct"):
        smoke._missing(module(Config=dict))


@pytest.mark.parametrize(
    ("event", "given", "is_told"),
    [
        ("open", ("/x/note", "w", os.O_WRONLY), True),
        ("open", ("/x/note", "r", os.O_RDONLY), False),
        ("open", (3, "w", os.O_WRONLY), False),
        ("open", ("/x/__pycache__/y.pyc", "w", os.O_WRONLY), False),
        ("socket.connect", ("…", ("127.0.0.1", 80)), True),
        ("import", ("json",), False),
    ],
)
def test_an_import_may_read_and_nothing_else(event: str, given: tuple[Any, ...], is_told: bool) -> None:
    assert bool(smoke._act(event, given)) is is_told


def test_what_was_printed_is_heard_from_where_the_import_began(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    heard.write_text("before|after")
    with heard.open("rb") as file:
        assert smoke._heard(file.fileno(), len("before|")) == "after"
