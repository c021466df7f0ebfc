from collections.abc import Callable
from typing import Any

import pytest

from amber.digesting.describe import culprit, title
from amber.model import Event

Make = Callable[..., Event]
WRAPPED = {"mechanism": {"is_exception_group": True}, "type": "ExceptionGroup"}


def chain(*values: dict[str, Any]) -> dict[str, Any]:
    return {"exception": {"values": list(values)}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (chain({"type": "ValueError", "value": "\n  first \nsecond"}), "ValueError: first"),
        (chain({"type": "Cause"}, {"type": "Effect", "value": "e"}), "Effect: e"),
        (chain({"type": "Inner", "value": "i"}, WRAPPED), "Inner: i"),
        (chain(WRAPPED), "ExceptionGroup"),
        (chain({"value": "only a value"}), "Error: only a value"),
        (chain({}), "Error"),
        ({"logentry": {"formatted": "hello\nworld", "message": "hello %s"}}, "hello"),
        ({"logentry": {"message": "m"}, "transaction": "/t"}, "m"),
        ({"transaction": "/t"}, "/t"),
        ({}, "<unlabelled error>"),
        ({"logentry": {"message": "x" * 999}}, "x" * 256),
        (chain({"type": "T" * 999, "value": "v"}), "T" * 256),
    ],
)
def test_an_event_has_a_title(make_event: Make, data: dict[str, Any], expected: str) -> None:
    assert title(make_event(**data)) == expected


OWN = {"module": "shop.cart", "function": "pay", "in_app": True}
THEIRS = {"filename": "lib.py", "function": "call", "in_app": False}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"transaction": "/pay", "culprit": "c"}, "/pay"),
        ({"culprit": "c" * 999}, "c" * 200),
        (chain({"stacktrace": {"frames": [OWN, THEIRS]}}), "shop.cart in pay"),
        (chain({"stacktrace": {"frames": [THEIRS]}}), "lib.py in call"),
        (chain({"stacktrace": {"frames": [{"abs_path": "/a.py"}]}}), "/a.py"),
        (chain({"stacktrace": {"frames": [{"function": "f"}]}}), "f"),
        (chain({"stacktrace": {"frames": ["no frame", None]}}), ""),
        (chain({"stacktrace": None}), ""),
        ({"stacktrace": {"frames": [OWN]}}, "shop.cart in pay"),
        ({}, ""),
    ],
)
def test_an_event_names_where_it_happened(make_event: Make, data: dict[str, Any], expected: str) -> None:
    assert culprit(make_event(**data)) == expected
