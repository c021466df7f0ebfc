import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber_console.home.issue.values import link, mapping, moment, objects, pairs, spelled

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_every_value_can_be_read_in_every_way(value: Any) -> None:
    mapping(value), objects(value), pairs(value), moment(value)


@given(st.dictionaries(st.text(), values) | st.lists(values))
def test_what_is_spelled_is_the_same_value(value: Any) -> None:
    assert json.loads(spelled(value)) == value


def test_short_values_stand_on_one_line_and_long_ones_are_broken_where_they_nest() -> None:
    lines = [{"sku": "A-1", "qty": 2}, {"sku": "B-7", "qty": 1}]
    assert spelled(lines) == '[{"sku": "A-1", "qty": 2}, {"sku": "B-7", "qty": 1}]'
    assert spelled({"lines": lines, "note": "é" * 40}) == (
        '{\n  "lines": [{"sku": "A-1", "qty": 2}, {"sku": "B-7", "qty": 1}],\n  "note": "' + "é" * 40 + '"\n}'
    )


def test_text_is_spelled_as_it_is_and_nothing_as_nothing() -> None:
    assert (spelled("a\n'b'"), spelled(None), spelled(True)) == ("a\n'b'", "", "true")


def test_pairs_come_from_objects_and_from_lists_of_pairs() -> None:
    assert pairs({"a": 1, "b": None, "c": "x\n"}) == (("a", "1"), ("c", "x"))
    assert pairs([["a", "1"], ["b"], 7, ("c", {"d": 2})]) == (("a", "1"), ("c", '{"d": 2}'))
    assert pairs("text") == ()


def test_objects_are_found_in_lists_and_under_values() -> None:
    assert objects({"values": [{"a": 1}, None, 3]}) == [{"a": 1}]
    assert objects([{"a": 1}]) == [{"a": 1}]
    assert objects({"values": "no"}) == []


@pytest.mark.parametrize("text", ["2023-11-14T22:13:20.500000Z", "2023-11-14T22:13:20.5"])
def test_a_time_is_read_in_utc(text: str) -> None:
    assert moment(text) == 1_700_000_000.5


@pytest.mark.parametrize("value", ["soon", "", 5, None])
def test_what_is_no_time_has_no_moment(value: Any) -> None:
    assert moment(value) is None


@pytest.mark.parametrize("address", ["http://a.test", "https://a.test/x?y=1#z"])
def test_an_address_on_the_web_may_be_followed(address: str) -> None:
    assert link(address) == address


@pytest.mark.parametrize(
    "address",
    ["", "javascript:alert(1)", "data:text/html,x", "//a.test", "/x", "https://", "https://a.test/\n", "http://a b",
     "http://[", " https://a.test", "file:///x"],
)  # fmt: skip
def test_anything_else_may_not(address: str) -> None:
    assert link(address) == ""
