import struct

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amber.errors import Reject
from amber.model import OutcomeCount, Submission
from amber.wire import frames

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OUTCOMES = st.builds(OutcomeCount, st.integers(0, 2**40), st.text(), st.text(), st.text(), st.integers(0, 9))
SUBMISSIONS = st.builds(
    Submission,
    st.text(),
    st.text(),
    st.text(),
    st.integers(0, 2**40),
    st.floats(0, 4e9),
    st.text(),
    st.dictionaries(st.text(), JSON, max_size=3),
    st.dictionaries(st.integers(0, 1000), OUTCOMES, max_size=3),
    st.text(),
    st.binary(max_size=200),
)


def framed(body: bytes) -> bytes:
    return frames.MAGIC + struct.pack("<I", len(body)) + body


def started(rest: bytes) -> bytes:
    """A submission in msgpack as far as its meta, then `rest`."""
    return framed(b"\x97\xa1i\xa1p\xa1r\x01\xcb" + bytes(8) + b"\xa0" + rest)


@given(st.lists(SUBMISSIONS, max_size=5))
def test_what_is_framed_comes_out_as_it_went_in(submissions: list[Submission]) -> None:
    assert frames.decode(frames.encode(submissions)) == submissions
    assert frames.join(map(frames.pack, submissions)) == frames.encode(submissions)


@given(
    st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: frames.MAGIC + rest) | st.binary().map(framed)
)
@example(framed(b"\x95\xa1\xff\xa1p\xa1r\x01\xcb" + bytes(8)))  # a text that is not UTF-8
@example(started(b"\x81\xa1a" + b"\x91" * 100_000 + b"\x01"))  # nested deeper than Python can follow
@example(started(b"\x81\xa1a\xdd\xff\xff\xff\xff"))  # a list that claims four thousand million entries
def test_any_bytes_are_submissions_or_rejected(data: bytes) -> None:
    try:
        found = frames.decode(data)
    except Reject:
        return
    assert all(isinstance(one, Submission) for one in found)


@given(st.lists(SUBMISSIONS, min_size=1, max_size=3), st.data())
def test_a_frame_that_was_cut_off_is_rejected_or_ends_between_two(
    submissions: list[Submission], data: st.DataObject
) -> None:
    whole = frames.encode(submissions)
    cut = whole[: data.draw(st.integers(4, len(whole) - 1))]
    ends = {4: 0}
    for number, one in enumerate(submissions, 1):
        ends[max(ends) + len(frames.pack(one))] = number
    if len(cut) in ends:
        assert frames.decode(cut) == submissions[: ends[len(cut)]]
    else:
        with pytest.raises(Reject, match="cut off"):
            frames.decode(cut)


def test_what_is_no_frame_is_named() -> None:
    with pytest.raises(Reject, match="does not start with AMB1"):
        frames.decode(b"{}")
    good, bad = frames.pack(Submission("i", "p", "r", 1, 0.0)), struct.pack("<I", 1) + msgspec.msgpack.encode(5)
    with pytest.raises(Reject, match="broken frame: submission 1"):
        frames.decode(frames.MAGIC + good + bad)
