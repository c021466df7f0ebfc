"""An event's body gives the same values, whether its fields came as JSON or as objects."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.model import Body, Event, ExceptionValue, Frame, Json, frames_of, stack_from

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
FIELDS = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), st.tuples(VALUES, st.booleans()))


def mixed(fields: dict[str, tuple[Any, bool]]) -> Body:
    return Body({k: Json(msgspec.json.encode(v)) if is_raw else v for k, (v, is_raw) in fields.items()})


def event(**data: Any) -> Event:
    return Event("0" * 32, 1, "error", 0.0, 0.0, data)


@given(FIELDS)
def test_a_field_is_the_same_whether_it_came_as_json_or_as_an_object(fields: dict[str, tuple[Any, bool]]) -> None:
    body, plain = mixed(fields), {key: value for key, (value, _) in fields.items()}
    assert body == plain
    assert dict(body) == plain
    assert msgspec.json.decode(body.encoded) == msgspec.json.decode(msgspec.json.encode(plain))
    assert [body.get(key) for key in plain] == list(plain.values())


@given(FIELDS, FIELDS)
def test_fields_can_be_laid_over_and_left_out(
    fields: dict[str, tuple[Any, bool]], more: dict[str, tuple[Any, bool]]
) -> None:
    body, over = mixed(fields), {key: value for key, (value, _) in more.items()}
    assert body.merged(over) == {**dict(body), **over}
    assert body.without(frozenset(more)) == {key: value for key, value in body.items() if key not in more}


def test_a_missing_field_is_missing() -> None:
    body = Body({"a": Json(b"1")})
    assert (body.get("b"), body.get("b", 2), "b" in body, "a" in body) == (None, 2, False, True)
    with pytest.raises(KeyError):
        body["b"]


def test_an_event_tells_its_chain_as_typed_values() -> None:
    frames = [{"function": "f", "lineno": 3, "in_app": True, "vars": {"x": "1"}}]
    data = {"values": [{"type": "A", "value": "no", "stacktrace": {"frames": frames}}, {"type": "B"}]}
    first, second = event(exception=data).chain
    assert (first.type, first.value, first.frames) == ("A", "no", (Frame(function="f", lineno=3, in_app=True),))
    assert second == ExceptionValue(type="B")
    raw = Event("0" * 32, 1, "error", 0.0, 0.0, Body({"exception": Json(msgspec.json.encode(data))}))
    assert raw.chain == (first, second)


@given(VALUES)
def test_a_chain_out_of_form_never_raises(value: Any) -> None:
    for data in (value, {"values": value}, {"values": [value]}, {"values": [{"type": value, "stacktrace": value}]}):
        assert all(isinstance(one, ExceptionValue) for one in event(exception=data).chain)
        stack = {"frames": [{"function": value, "lineno": value}]}
        assert all(isinstance(one, Frame) for one in frames_of(event(stacktrace=stack).body))
        assert isinstance(stack_from(value), tuple)


def test_what_is_right_in_a_chain_out_of_form_is_kept() -> None:
    frames = [{"function": "f", "lineno": "3"}, None]
    (one,) = event(exception={"values": [{"type": "A", "module": 5, "stacktrace": {"frames": frames}}, 7]}).chain
    assert (one.type, one.module, one.frames) == ("A", None, (Frame(function="f"),))
