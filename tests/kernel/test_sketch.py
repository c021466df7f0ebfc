from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber import Secret
from amber.model import Additions, AuthRequest, Event, Fact
from amber.watching.sketch import HIDDEN, LONGEST, MOST, sketch

SECRET = "hunter2hunter2"


class Hook(msgspec.Struct):
    url: Secret
    channel: str = "#alerts"


@pytest.mark.parametrize(
    "value",
    [
        Hook(Secret(SECRET)),
        [{"deeper": Hook(Secret(SECRET))}],
        AuthRequest("GET", "/issues", {"authorization": SECRET, "x-something": SECRET}, "::1", key=SECRET),
        {"Password": SECRET, "X-Auth-Token": [SECRET], "session": {"id": SECRET}, "api_key": SECRET},
        Fact("1", "user.created", 0, 0.0, {"invitation": {"token": SECRET}}),
        SECRET.encode(),
    ],
)
def test_what_is_secret_by_its_type_or_its_name_is_not_shown(value: Any) -> None:
    assert SECRET not in str(sketch(value))


def test_a_struct_is_shown_by_what_it_says_beyond_its_defaults(make_event: Callable[..., Event]) -> None:
    assert sketch(Additions(tags={"a": "b"})) == {"Additions": {"tags": {"a": "b"}}}
    assert sketch([None, Additions()]) == [None, {"Additions": {}}]
    event = make_event(7, logentry={"message": "it broke"}, extra={"much": "more"})
    shown = {"id": f"{7:032x}", "project": 1, "type": "error", "level": "error", "title": "it broke"}
    assert sketch(event) == {"Event": shown}


def test_what_is_long_is_shown_by_its_beginning_and_its_length() -> None:
    assert sketch("x" * 1000) == f"{'x' * LONGEST}… (1,000 characters)"
    assert sketch(range(100)) == [*range(MOST), f"… {100 - MOST} more"]
    assert sketch({number: number for number in range(100)})["…"] == "84 more"
    assert sketch({"password": ""}) == {"password": ""}
    assert sketch({"password": "p"}) == {"password": HIDDEN}


def test_what_is_no_value_is_shown_by_its_name() -> None:
    assert sketch(len) == "<len>"
    assert sketch(object()) == "<object>"


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)


@given(TREES)
def test_whatever_comes_is_shown_as_json_and_not_deeply(value: Any) -> None:
    msgspec.json.encode(sketch(value))
    nested: Any = value
    for _ in range(50):
        nested = [nested]
    assert len(msgspec.json.encode(sketch(nested))) < 100
