from collections.abc import Callable
from typing import Any

from amber.model import Event

Normal = Callable[..., Event]


def frames_of(event: Event) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = event.data["exception"]["values"][0]["stacktrace"]["frames"]
    return frames


def with_frames(*frames: Any) -> dict[str, Any]:
    return {"values": [{"type": "E", "stacktrace": {"frames": list(frames)}}]}


def test_a_right_frame_is_left_as_it_is(normal: Normal) -> None:
    frame = {"function": "f", "filename": "a", "abs_path": "/a", "lineno": 3, "vars": {"x": "1"}, "module": None}
    before = dict(frame)
    event = normal(exception=with_frames(frame))
    assert frames_of(event)[0] is frame
    assert frame == before
    assert "_meta" not in event.data
    assert "errors" not in event.data


def test_a_wrong_field_of_a_frame_is_dropped_with_a_note_and_the_rest_stays(normal: Normal) -> None:
    event = normal(exception=with_frames({"function": "f", "lineno": "twelve", "filename": "a.py"}))
    assert frames_of(event)[0] == {"function": "f", "lineno": None, "filename": "a.py", "abs_path": "a.py"}
    note = event.data["_meta"]["exception"]["values"]["0"]["stacktrace"]["frames"]["0"]["lineno"][""]
    assert note == {"err": [["invalid_data", {"reason": "expected an integer"}]], "val": "twelve"}
    assert event.data["errors"] == [
        {
            "type": "invalid_data",
            "name": "exception.values.0.stacktrace.frames.0.lineno",
            "reason": "expected an integer",
            "value": "twelve",
        }
    ]


def test_a_missing_file_name_is_the_path_of_the_address(normal: Normal) -> None:
    event = normal(
        exception=with_frames(
            {"abs_path": "https://shop.example/static/app.js?v=3"},
            {"abs_path": "/srv/a.py"},
            {"filename": "b.py"},
            {"filename": "https://shop.example/static/b.js"},
        )
    )
    assert [(frame["filename"], frame["abs_path"]) for frame in frames_of(event)] == [
        ("/static/app.js", "https://shop.example/static/app.js?v=3"),
        ("/srv/a.py", "/srv/a.py"),
        ("b.py", "b.py"),
        ("/static/b.js", "https://shop.example/static/b.js"),
    ]


def test_a_question_mark_is_no_function_and_source_around_a_line_gives_it_a_line(normal: Normal) -> None:
    (frame,) = frames_of(
        normal(exception=with_frames({"function": "?", "filename": "a", "pre_context": ["x", None, 3]}))
    )
    assert frame["function"] is None
    assert frame["context_line"] == ""
    assert frame["pre_context"] == ["x", "", "3"]


def test_addresses_are_hexadecimal(normal: Normal) -> None:
    event = normal(
        exception=with_frames(
            {"instruction_addr": 255},
            {"instruction_addr": "0xABC"},
            {"instruction_addr": "255"},
            {"instruction_addr": "x"},
        )
    )
    assert [frame["instruction_addr"] for frame in frames_of(event)] == ["0xff", "0xabc", "0xff", None]


def test_of_very_many_frames_the_newest_200_and_oldest_50_stay(normal: Normal) -> None:
    event = normal(exception=with_frames(*({"function": f"f{index}"} for index in range(1000))))
    names = [frame["function"] for frame in frames_of(event)]
    assert names[:50] == [f"f{index}" for index in range(50)]
    assert names[50:] == [f"f{index}" for index in range(800, 1000)]
    assert event.data["_meta"]["exception"]["values"]["0"]["stacktrace"]["frames"][""] == {"len": 1000}


def test_beyond_50_frames_the_apps_own_keep_their_variables(normal: Normal) -> None:
    frames = [{"function": f"f{index}", "vars": {"x": "1"}, "in_app": 60 <= index < 90} for index in range(120)]
    detailed = [frame["function"] for frame in frames_of(normal(exception=with_frames(*frames))) if "vars" in frame]
    assert detailed == [f"f{index}" for index in (*range(10), *range(60, 90), *range(110, 120))]


def test_beyond_50_app_frames_the_middle_ones_lose_their_variables(normal: Normal) -> None:
    frames = [{"function": f"f{index}", "vars": {"x": "1"}, "in_app": True} for index in range(80)]
    detailed = [frame["function"] for frame in frames_of(normal(exception=with_frames(*frames))) if "vars" in frame]
    assert detailed == [f"f{index}" for index in (*range(25), *range(55, 80))]


def test_large_variables_are_cut_to_their_room(normal: Normal) -> None:
    event = normal(exception=with_frames({"function": "f", "vars": {"a": "x" * 5000, "b": 1}}))
    kept = frames_of(event)[0]["vars"]
    assert len(kept["a"]) < 2048
    assert kept["a"].endswith("...")
    assert "b" not in kept
    notes = event.data["_meta"]["exception"]["values"]["0"]["stacktrace"]["frames"]["0"]["vars"]
    assert notes[""] == {"len": 2}
    assert notes["a"][""]["len"] == 5000


def test_an_exception_without_type_takes_it_from_its_value(normal: Normal) -> None:
    event = normal(exception={"value": "ValueError: no\nway"})
    assert event.data["exception"]["values"] == [{"type": "ValueError", "value": "no\nway"}]


def test_an_exception_that_says_nothing_is_dropped(normal: Normal) -> None:
    event = normal(exception=[{"module": "m"}, None, 5, {"type": "E"}])
    assert event.data["exception"]["values"] == [{"type": "E"}]
    assert {error["type"] for error in event.data["errors"]} == {"missing_attribute", "invalid_data"}


def test_a_value_that_is_no_text_becomes_json(normal: Normal) -> None:
    assert (
        normal(exception={"type": "E", "value": {"code": [1]}}).data["exception"]["values"][0]["value"]
        == '{"code":[1]}'
    )


def test_long_texts_are_cut_with_a_note_of_what_is_missing(normal: Normal) -> None:
    event = normal(exception={"type": "T" * 300, "value": "v" * 8392})
    (exception,) = event.data["exception"]["values"]
    assert exception["type"] == "T" * 253 + "..."
    assert len(exception["value"]) == 8392
    notes = event.data["_meta"]["exception"]["values"]["0"]
    assert notes == {"type": {"": {"rem": [["!limit", "s", 253, 256]], "len": 300}}}


def test_exceptions_and_threads_come_bare_in_a_list_or_as_values(normal: Normal) -> None:
    for given in ({"type": "E"}, [{"type": "E"}], {"values": [{"type": "E"}]}):
        assert normal(exception=given).data["exception"] == {"values": [{"type": "E"}]}
    for given in ({"id": 1}, [{"id": 1}], {"values": [{"id": 1}]}):
        assert normal(threads=given).data["threads"] == {"values": [{"id": 1}]}
    assert "threads" not in normal(threads={"values": None}).data


def test_a_single_exception_without_stack_takes_the_events(normal: Normal) -> None:
    stack = {"frames": [{"function": "f"}]}
    event = normal(exception={"type": "E"}, stacktrace=stack)
    assert event.data["exception"]["values"][0]["stacktrace"] == stack
    assert "stacktrace" not in event.data
    two = normal(exception=[{"type": "E"}, {"type": "F"}], stacktrace={"frames": [{"function": "f"}]})
    assert two.data["stacktrace"] == stack
    assert "stacktrace" not in two.data["exception"]["values"][0]


def test_a_mechanism_has_a_type_and_keeps_what_it_does_not_know_as_data(normal: Normal) -> None:
    event = normal(exception={"type": "E", "mechanism": {"handled": False, "wild": 1, "source": "__cause__"}})
    assert event.data["exception"]["values"][0]["mechanism"] == {
        "handled": False,
        "source": "__cause__",
        "data": {"wild": 1},
        "type": "generic",
    }
    bad = normal(exception={"type": "E", "mechanism": {"type": "x", "source": "a b", "handled": "yes"}})
    assert bad.data["exception"]["values"][0]["mechanism"] == {"type": "x", "source": None, "handled": None}


def test_signals_are_named_by_the_operating_system(normal: Normal) -> None:
    def names(system: str | None) -> tuple[Any, Any]:
        meta: dict[str, Any] = {"signal": {"number": 10}, "mach_exception": {"exception": 1}}
        event = normal(
            exception={"type": "E", "mechanism": {"type": "mach", "meta": meta}},
            contexts={"os": {"name": system}} if system else {},
        )
        found = event.data["exception"]["values"][0]["mechanism"]["meta"]
        return found["signal"].get("name"), found["mach_exception"]["name"]

    assert names("Linux") == ("SIGUSR1", "EXC_BAD_ACCESS")
    assert names("iOS") == ("SIGBUS", "EXC_BAD_ACCESS")
    assert names(None) == (None, "EXC_BAD_ACCESS")


def test_debug_images_of_an_old_or_unknown_type(normal: Normal) -> None:
    event = normal(
        debug_meta={"images": [{"type": "apple", "debug_id": "a"}, {"type": "weird"}, None, {"type": "elf"}, 3]}
    )
    assert event.data["debug_meta"]["images"] == [{"type": "macho", "debug_id": "a"}, {"type": "elf"}]
    assert [error["name"] for error in event.data["errors"]] == ["debug_meta.images"] * 2
