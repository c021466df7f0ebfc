"""Each field that can be wrong: where it is noted, and what stands there instead."""

from collections.abc import Callable
from typing import Any

import pytest

from amber.model import Event

Normal = Callable[..., Event]


def at(data: Any, path: str) -> Any:
    for key in path.split("."):
        data = data[int(key)] if isinstance(data, list) else data[key]
    return data


def frame(**fields: Any) -> dict[str, Any]:
    return {"exception": [{"type": "E", "stacktrace": {"frames": [fields]}}]}


FRAME = "exception.values.0.stacktrace.frames.0"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        (frame(in_app="yes"), f"{FRAME}.in_app"),
        (frame(colno=[]), f"{FRAME}.colno"),
        (frame(lineno=2**64), f"{FRAME}.lineno"),
        (frame(lineno=1.5), f"{FRAME}.lineno"),
        (frame(function=5), f"{FRAME}.function"),
        (frame(pre_context="x"), f"{FRAME}.pre_context"),
        (frame(vars=[1]), f"{FRAME}.vars"),
        ({"exception": [{"type": "E", "stacktrace": 5}]}, "exception.values.0.stacktrace"),
        ({"exception": [{"type": "E", "stacktrace": {"frames": 5}}]}, "exception.values.0.stacktrace.frames"),
        ({"exception": [{"type": "E", "mechanism": 5}]}, "exception.values.0.mechanism"),
        ({"exception": [{"type": "E", "thread_id": {}}]}, "exception.values.0.thread_id"),
        ({"request": {"url": 5, "method": "GET"}}, "request.url"),
        ({"request": {"headers": 5, "method": "GET"}}, "request.headers"),
        ({"request": {"env": [], "method": "GET"}}, "request.env"),
        ({"user": {"id": []}}, "user.id"),
        ({"debug_meta": {"images": 5}}, "debug_meta.images"),
    ],
)
def test_a_wrong_field_is_null_and_its_neighbours_stay(fields: dict[str, Any], path: str, normal: Normal) -> None:
    event = normal(**fields, message="m")
    assert [error["name"] for error in event.data["errors"]] == [path]
    assert at(event.data, path) is None
    assert at(event.data["_meta"], path)[""]["err"][0][0] == "invalid_data"
    assert event.message == "m"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"exception": 5}, "exception.values"),
        ({"exception": {"values": "x"}}, "exception.values"),
        ({"threads": [5]}, "threads.values"),
        ({"breadcrumbs": "x"}, "breadcrumbs.values"),
        ({"debug_meta": {"images": [5]}}, "debug_meta.images"),
        ({"user": "me"}, "user"),
        ({"contexts": []}, "contexts"),
        ({"contexts": {"os": "Linux"}}, "contexts.os"),
        ({"extra": "x"}, "extra"),
        ({"modules": []}, "modules"),
        ({"sdk": "x"}, "sdk"),
        ({"transaction": 5}, "transaction"),
        ({"logentry": {"message": []}}, "logentry.message"),
        ({"type": "transaction", "spans": {}}, "spans"),
        ({"start_timestamp": "x"}, "start_timestamp"),
        ({"tags": [[[], "x"]]}, "tags"),
        ({"request": {"headers": ["x"], "url": "/"}}, "request.headers"),
        (frame(wild=1, lineno=True), f"{FRAME}.lineno"),
    ],
)
def test_whatever_is_wrong_is_noted_where_it_stood(fields: dict[str, Any], path: str, normal: Normal) -> None:
    event = normal(**fields)
    assert [error["name"] for error in event.data["errors"]] == [path]


@pytest.mark.parametrize(
    ("fields", "path", "value"),
    [
        (frame(lineno="12", colno=3.0), f"{FRAME}.lineno", 12),
        (frame(lineno="12", colno=3.0), f"{FRAME}.colno", 3),
        (frame(pre_context=["x" * 5000]), f"{FRAME}.pre_context.0", "x" * 4093 + "..."),
        (frame(post_context=["x"] * 200), f"{FRAME}.post_context", ["x"] * 100),
        ({"exception": [{"type": "E", "stacktrace": [{"function": "f"}]}]}, f"{FRAME}.function", "f"),
        ({"request": {"headers": "A: 1\r\nb-c: 2\r\nrubbish"}}, "request.headers", [["A", "1"], ["B-C", "2"]]),
        ({"request": {"headers": {"A": ["x", None, ""]}}}, "request.headers", [["A", "x,"]]),
        ({"threads": [{"id": 5.0}] * 2000}, "threads.values", [{"id": "5"}] * 1000),
        ({"user": {"id": 1.0, "username": 1.5, "name": True}}, "user", {"id": "1", "username": "1.5", "name": "True"}),
        ({"debug_meta": {"images": [{"type": "elf"}] * 6000}}, "debug_meta.images", [{"type": "elf"}] * 5000),
    ],
)
def test_what_can_be_understood_is_mended(fields: dict[str, Any], path: str, value: Any, normal: Normal) -> None:
    event = normal(**fields)
    assert at(event.data, path) == value
    assert "errors" not in event.data


def test_an_unknown_field_of_an_interface_is_left_out_with_a_note(normal: Normal) -> None:
    event = normal(**frame(function="f", wild="hunter2"))
    assert at(event.data, FRAME) == {"function": "f"}
    assert at(event.data["_meta"], FRAME) == {"": {"rem": [["@wild", "x"]]}}
    assert "errors" not in event.data
