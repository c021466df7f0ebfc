from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amber.model import Event
from amber_ingest.normalise.bags import trim
from amber_ingest.normalise.encoding import fits
from amber_ingest.normalise.notes import Notes

Normal = Callable[..., Event]
OWN = "0123456789abcdef0123456789abcdef"


def nested(levels: int) -> Any:
    value: Any = "end"
    for _ in range(levels):
        value = {"a": value}
    return value


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


def test_extra_is_kept_to_seven_levels_and_deeper_ones_become_json_text(normal: Normal) -> None:
    assert normal(extra=nested(7)).data["extra"] == nested(7)
    deep = normal(extra=nested(9)).data["extra"]
    for _ in range(7):
        deep = deep["a"]
    assert deep == '{"a":{"a":"end"}}'


def test_extra_that_is_far_too_deep_does_no_harm(normal: Normal) -> None:
    for levels in (60, 500, 900, 5000, 50_000):
        event = normal(extra=nested(levels), message="m")
        assert event.message == "m"
        assert depth_of(event.data["extra"]) <= 7
        msgspec.json.encode(event)


def test_extra_has_room_for_256_kib(normal: Normal) -> None:
    event = normal(extra={f"k{index}": "x" * 1000 for index in range(500)})
    assert 255_000 < len(msgspec.json.encode(event.data["extra"])) <= 256 * 1024
    assert event.data["_meta"]["extra"][""] == {"len": 500}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=30,
)


@given(JSON, st.integers(0, 9))
def test_a_value_fits_if_it_is_neither_longer_nor_deeper(value: Any, depth: int) -> None:
    assert fits(value, 100_000, depth) == (depth_of(value) <= depth)
    assert not fits(value, len(msgspec.json.encode(value)) - 1, depth)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=8), JSON), st.integers(2, 300), st.integers(1, 4))
def test_what_is_trimmed_fits_and_fits_again(value: dict[str, Any], size: int, depth: int) -> None:
    notes = Notes(None, None)
    kept, used = trim(value, (size, depth), notes, ())
    assert len(msgspec.json.encode(kept)) <= used <= size
    assert depth_of(kept) <= depth
    again, _ = trim(kept, (size, depth), notes, ())
    assert again == kept


@pytest.mark.parametrize(
    ("tags", "pairs"),
    [
        ({"a": "1", "b": 2, "c": True, "d": None}, [["a", "1"], ["b", "2"], ["c", "True"]]),
        ([["a", "1"], ["a", "2"], None], [["a", "1"]]),
        ([{"key": "a", "value": "1"}], [["a", "1"]]),
        ({"a key": " v "}, [["a-key", "v"]]),
        ({"release": "1", "dist": "1", "user": "u", "filename": "f", "function": "g", "a": "1"}, [["a", "1"]]),
        ({"a": "x" * 250}, [["a", "x" * 197 + "..."]]),
    ],
)
def test_tags_are_pairs(tags: Any, pairs: list[list[str]], normal: Normal) -> None:
    event = normal(tags=tags)
    assert event.data["tags"] == pairs
    assert "errors" not in event.data


@pytest.mark.parametrize("tags", [{"a": ""}, {"a": "x\ny"}, {"ä": "1"}, {"a": []}, {"": "1"}, [["a"]], [5], "a=1", 5])
def test_what_cannot_be_a_tag_is_noted(tags: Any, normal: Normal) -> None:
    event = normal(tags=tags, message="m")
    assert "tags" not in event.data
    assert len(event.data["errors"]) == 1


def test_a_tags_bad_value_is_not_quoted_away_from_its_name(normal: Normal) -> None:
    event = normal(tags=[["password", "my\nhunter2"], ["password", ["hunter2"]]])
    assert b"hunter2" not in msgspec.json.encode(event)


def test_the_environment_leaves_the_tags_and_server_and_site_join_them(normal: Normal) -> None:
    event = normal(tags={"environment": "prod", "a": "1"}, server_name="web-1", site="eu")
    assert event.data["environment"] == "prod"
    assert event.data["tags"] == [["a", "1"], ["server_name", "web-1"], ["site", "eu"]]
    assert "server_name" not in event.data
    assert "site" not in event.data
    assert normal(tags={"environment": "prod"}, environment="dev").data["environment"] == "dev"


@pytest.mark.parametrize(
    ("count", "memory", "strength"),
    [(4, 8, "1"), (8, 2, "1"), (8, 4, "2"), (6, 8, "2"), (8, 8, "3"), (0, 8, None), ("8", 8, None)],
)
def test_the_class_of_a_mobile_device_is_ours_to_say(
    count: Any, memory: int, strength: str | None, normal: Normal
) -> None:
    device = {"processor_count": count, "processor_frequency": 2800, "memory_size": memory * 1024**3}
    event = normal(tags={"device.class": "9"}, contexts={"device": device, "os": {"name": "Android"}})
    assert dict(event.data.get("tags", ())).get("device.class") == strength


def test_contexts_say_their_type_and_what_they_are_in_one_text(normal: Normal) -> None:
    contexts = normal(
        contexts={
            "os": {"name": "Linux", "version": "6.8"},
            "runtime": {"raw_description": ".NET Framework 4.8.1"},
            "browser": {"name": "Firefox"},
            "shop": {"plan": "pro"},
            "client": {"type": "runtime", "name": "CPython", "version": "3.13"},
            "reprocessing": {"original": 1},
            "broken": "text",
            "empty": None,
        }
    ).data["contexts"]
    assert contexts.pop("trace")
    assert contexts == {
        "os": {"name": "Linux", "version": "6.8", "type": "os", "os": "Linux 6.8"},
        "runtime": {
            "raw_description": ".NET Framework 4.8.1",
            "name": ".NET Framework",
            "version": "4.8.1",
            "type": "runtime",
            "runtime": ".NET Framework 4.8.1",
        },
        "browser": {"name": "Firefox", "type": "browser", "browser": "Firefox"},
        "shop": {"plan": "pro", "type": "shop"},
        "client": {"type": "runtime", "name": "CPython", "version": "3.13", "runtime": "CPython 3.13"},
    }


def test_flags_have_more_room_than_other_contexts(normal: Normal) -> None:
    values = {"values": [{"flag": f"f{index}", "result": True} for index in range(1000)]}
    contexts = normal(contexts={"flags": values, "custom": {**values}}).data["contexts"]
    assert len(contexts["flags"]["values"]) == 1000
    assert len(msgspec.json.encode(contexts["custom"])) <= 8192


def test_an_event_without_a_trace_gets_one_of_its_own(normal: Normal) -> None:
    trace = normal(event_id=OWN).data["contexts"]["trace"]
    assert trace == {"type": "trace", "status": "unknown", "trace_id": OWN, "span_id": OWN[:16]}


def test_a_right_trace_is_kept_and_a_wrong_one_mended(normal: Normal) -> None:
    right = {"trace_id": "A" * 32, "span_id": "b" * 16, "op": "http"}
    assert normal(contexts={"trace": right}).data["contexts"]["trace"] == {
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
        "op": "http",
        "type": "trace",
    }
    event = normal(event_id=OWN, contexts={"trace": {"trace_id": "0" * 32, "span_id": 5}})
    assert event.data["contexts"]["trace"]["trace_id"] == OWN
    assert event.data["contexts"]["trace"]["span_id"] == OWN[:16]
    assert [error["name"] for error in event.data["errors"]] == ["contexts.trace.trace_id", "contexts.trace.span_id"]


def test_breadcrumbs_have_a_type_and_a_level(normal: Normal) -> None:
    event = normal(breadcrumbs=[{"message": "m"}, {"message": 5, "level": "WARN", "wild": 1}, None, "x", {"level": 30}])
    assert event.data["breadcrumbs"]["values"] == [
        {"message": "m", "type": "default", "level": "info"},
        {"message": "5", "level": "info", "data": {"wild": 1}, "type": "default"},
        {"level": "warning", "type": "default"},
    ]
    assert [error["name"] for error in event.data["errors"]] == ["breadcrumbs.values", "breadcrumbs.values.1.level"]


def test_what_the_client_noted_itself_is_kept(normal: Normal) -> None:
    meta = {"user": {"email": {"": {"rem": [["@config", "x"]]}}}}
    event = normal(_meta=meta, errors=[{"type": "js_error", "name": "x"}, "junk"], level="WARN")
    assert event.data["_meta"]["user"] == meta["user"]
    assert event.data["_meta"]["level"][""]["val"] == "WARN"
    assert [error["type"] for error in event.data["errors"]] == ["js_error", "invalid_data"]


@pytest.mark.parametrize("meta", [5, [], {"level": 5}, {"level": {"": []}}, {"level": {"": {"err": 5}}}, nested(500)])
def test_broken_notes_of_the_client_do_not_hide_ours(meta: Any, normal: Normal) -> None:
    event = normal(_meta=meta, errors=5, level="WARN")
    assert event.data["_meta"]["level"][""]["err"][0][0] == "invalid_data"
    assert len(event.data["errors"]) == 1


def test_a_hostile_event_cannot_grow_by_its_notes(normal: Normal) -> None:
    event = normal(**{f"unknown{index}": index for index in range(5000)})
    assert len(event.data["errors"]) == 100
    assert len(event.data["_meta"]) == 200


@pytest.mark.parametrize("name", ["os", "trace", "custom"])
def test_a_context_that_is_cut_keeps_what_says_which_it_is(name: str, normal: Normal) -> None:
    event = normal(event_id=OWN, contexts={name: {"long": "x" * 9000, "name": "Linux", "version": "6"}})
    context = event.data["contexts"][name]
    assert (context["type"], context["name"]) == (name, "Linux")
    assert len(msgspec.json.encode(context)) <= 8192
    again = normal(**msgspec.json.decode(event.body.encoded))
    assert again.data == event.data


def test_an_image_that_is_cut_keeps_its_type(normal: Normal) -> None:
    event = normal(debug_meta={"images": [{"code_file": "x" * 3000, "type": "apple"}]})
    assert event.data["debug_meta"]["images"][0]["type"] == "macho"
