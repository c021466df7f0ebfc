"""What an index says is read whole or refused with the reason."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.errors import Reject
from amber_market.index.shape import Entry, Index, Release, Tier, decode_index, encode_index

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SHA = "0" * 64


def release(version: str = "1.0", **more: Any) -> Release:
    return Release(version, f"wheels/amber_slack-{version}-py3-none-any.whl", SHA, 1000, 1, **more)


def entry(*versions: Release, name: str = "slack") -> Entry:
    return Entry(name, "Slack", "Posts to Slack.", ("integrations",), "amber-slack", versions or (release(),))


def index(*entries: Entry, **more: Any) -> Index:
    return Index("plugins", 1, NOW, more.pop("expires", NOW + timedelta(days=30)), entries, **more)


def test_an_index_comes_back_as_it_was_written() -> None:
    full = release(rights={"hosts": ("slack.com",)}, tier=Tier("gold", ("every suite passed",)), amber=">=0.1")
    written = index(entry(full, release("0.9")), entry(name="other"), title="Ours")
    assert decode_index(encode_index(written)) == written


def test_what_a_later_amber_adds_is_passed_over() -> None:
    raw = msgspec.json.decode(encode_index(index(entry()))) | {"added": [1]}
    raw["entries"][0]["stars"] = 5
    assert decode_index(msgspec.json.encode(raw)) == index(entry())


def test_a_later_format_is_refused_with_what_to_do() -> None:
    raw = msgspec.json.decode(encode_index(index())) | {"format": 2, "entries": "in another way"}
    with pytest.raises(Reject, match="of format 2, and this Amber reads 1: upgrade amber-market"):
        decode_index(msgspec.json.encode(raw))


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_no_other_json_is_an_index(raw: object) -> None:
    with pytest.raises(Reject):
        decode_index(msgspec.json.encode(raw))


@given(st.binary())
def test_no_bytes_break_it(raw: bytes) -> None:
    with pytest.raises(Reject):
        decode_index(raw)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (index(expires=NOW), "it ends before it begins"),
        (index(entry(), entry()), "it lists slack twice"),
        (index(entry(release(), release())), "it lists a version of slack twice"),
        (index(entry(msgspec.structs.replace(release(), version="1.1"))), "no wheel of amber-slack 1.1"),
        (index(entry(msgspec.structs.replace(release(), wheel="https://x.org/evil-1.0-py3-none-any.whl"))), "no wheel"),
        (index(entry(msgspec.structs.replace(release(), wheel="slack.tar.gz"))), "no wheel"),
        (index(entry(msgspec.structs.replace(release(), version="latest"))), "no wheel"),
    ],
)
def test_an_index_that_contradicts_itself_is_refused(wrong: Index, reason: str) -> None:
    with pytest.raises(Reject, match=reason):
        decode_index(encode_index(wrong))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../etc"},
        {"version": 0},
        {"version": 1 << 60},
        {"issued": "yesterday"},
        {"issued": "2026-11-01T00:00:00"},
        {"entries": [{}]},
    ],
)
def test_a_field_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Reject, match="no index of plugins"):
        decode_index(msgspec.json.encode(msgspec.json.decode(encode_index(index())) | change))
