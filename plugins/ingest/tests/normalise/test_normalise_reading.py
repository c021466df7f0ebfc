import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amber_ingest.normalise import read_json


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": [1, 2.5, true, null, "x"]}', {"a": [1, 2.5, True, None, "x"]}),
        (b"[NaN, Infinity, -Infinity, 1e999]", [None] * 4),
        (b'"a\\ud800b"', "a\ufffdb"),
        (b'"\\udc00\\ud800"', "\ufffd\ufffd"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'{"a\\u0000": 1, "b": NaN}', {"a\ufffd": 1, "b": None}),
        (b'"a\x00\nb"', "a\ufffd\nb"),
        (b'"\xff\xfe"', "\ufffd\ufffd"),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'["\\\\u0000"]', ["\\u0000"]),
        (b"18446744073709551615", 18446744073709551615),
    ],
)
def test_json_as_clients_send_it(data: bytes, value: object) -> None:
    assert read_json(data) == value


def test_integers_of_any_size_survive_in_a_form_that_can_be_written() -> None:
    for digits in (20, 25, 400, 5000):
        number = read_json(b"[NaN, " + b"9" * digits + b"]")
        assert msgspec.json.decode(msgspec.json.encode(number)) is not None
    assert read_json(b"123456789012345678901234567890") == pytest.approx(1.2345678901234568e29)


@pytest.mark.parametrize("data", [b"", b"{", b'{"a":}', b"[1,]", b"hello", b'"abc', b"\xff", b"{'a': 1}", b"1 2"])
def test_what_is_no_json_is_refused_with_the_place(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"not JSON: .+ at character \d+"):
        read_json(data)


@pytest.mark.parametrize("data", [b"[" * 10_000, b"[" * 10_000 + b"]" * 10_000, b'[NaN,{"a":' * 10_000])
def test_json_nested_too_deep_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="too deep"):
        read_json(data)


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
JSON = st.recursive(SCALARS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@settings(deadline=None)
@given(JSON)
def test_right_json_is_read_as_everybody_reads_it(value: object) -> None:
    assert read_json(json.dumps(value).encode()) == value


@settings(deadline=None)
@given(st.binary() | st.text().map(lambda text: json.dumps(text).encode()))
def test_any_bytes_are_read_or_refused_and_what_is_read_can_be_written(data: bytes) -> None:
    try:
        value = read_json(data)
    except ValueError:
        return
    assert b"\\u0000" not in msgspec.json.encode(value)
