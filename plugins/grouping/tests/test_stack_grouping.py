"""Which events are one issue, and why."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amber.model import Event, Grouping
from amber_grouping.stack import VERSION, group_events, key_of


def event(id: str = "0" * 32, kind: str = "error", **data: Any) -> Event:
    return Event(id, 1, kind, 1.0, 1.0, data)


def group(**data: Any) -> Grouping:
    [grouping] = group_events([event(**data)])
    return grouping


def key(**data: Any) -> str:
    return group(**data).key


def frame(function: str, **more: Any) -> dict[str, Any]:
    return {"function": function, "module": "shop.cart", "in_app": True, **more}


def raised(kind: str | None, *frames: Mapping[str, Any], value: str = "", **more: Any) -> dict[str, Any]:
    trace = {"stacktrace": {"frames": list(frames)}} if frames else {}
    return {"type": kind, "value": value, **trace, **more}


def chain(*values: Mapping[str, Any], platform: str = "python", **more: Any) -> dict[str, Any]:
    return {"exception": {"values": list(values)}, "platform": platform, **more}


def test_an_exception_is_grouped_by_type_and_in_app_frames() -> None:
    found = group(
        **chain(raised("ZeroDivisionError", frame("lib", in_app=False), frame("total", context_line=" a  / b")))
    )

    assert (found.mechanism, found.version) == ("exception", VERSION)
    assert found.parts == (
        ("type", "ZeroDivisionError"),
        ("module", "shop.cart"),
        ("function", "total"),
        ("line", "a / b"),
    )
    assert found.summary == "Grouped by the in-app frames of ZeroDivisionError raised in shop.cart in total"


def test_line_numbers_messages_ids_and_times_change_nothing() -> None:
    one = chain(raised("E", frame("f", lineno=1, abs_path="/a/x.py", vars={"a": 1}), value="order 1"), timestamp=1)
    other = chain(raised("E", frame("f", lineno=9, abs_path="/b/x.py"), value="order 2"), timestamp=2, event_id="x")

    assert key(**one) == key(**other)


@pytest.mark.parametrize(
    "other",
    [
        chain(raised("F", frame("f"))),
        chain(raised("E", frame("g"))),
        chain(raised("E", frame("f", module="shop.order"))),
        chain(raised("E", frame("f", context_line="x"))),
        chain(raised("E", frame("f")), raised("E", frame("f"))),
        chain(raised("E", frame("a"), frame("f"))),
    ],
)
def test_another_type_place_or_cause_is_another_issue(other: dict[str, Any]) -> None:
    assert key(**chain(raised("E", frame("f")))) != key(**other)


def test_without_in_app_frames_all_frames_count() -> None:
    found = group(**chain(raised("E", frame("lib", in_app=False), frame("io", in_app=None))))

    assert [value for what, value in found.parts if what == "function"] == ["lib", "io"]
    assert found.summary == "Grouped by the frames of E raised in shop.cart in io"


def test_the_message_of_an_exception_counts_only_without_a_stack() -> None:
    assert group(**chain(raised("E", value="order 17 failed"))).parts == (
        ("type", "E"),
        ("value", "order <int> failed"),
    )


def test_the_type_of_a_synthetic_exception_does_not_count() -> None:
    mechanism = {"type": "generic", "synthetic": True}

    assert key(**chain(raised("A", frame("f"), mechanism=mechanism))) == key(
        **chain(raised("B", frame("f"), mechanism=mechanism))
    )


@pytest.mark.parametrize("cycle", [["f"], ["f", "g"], ["f", "g", "h", "i"]])
def test_however_deep_a_recursion_went_it_is_one_issue(cycle: list[str]) -> None:
    def deep(times: int) -> str:
        return key(**chain(raised("RecursionError", frame("main"), *[frame(name) for name in cycle * times])))

    assert deep(2) == deep(3) == deep(40)


def group_of(*members: Mapping[str, Any]) -> dict[str, Any]:
    listed = [{**one, "mechanism": {"exception_id": at, "parent_id": 0}} for at, one in enumerate(members, 1)]
    top = raised("ExceptionGroup", frame("run"), mechanism={"exception_id": 0, "is_exception_group": True})
    return chain(*reversed(listed), top)


def test_the_order_and_number_of_like_members_of_a_group_do_not_matter() -> None:
    a, b = raised("TypeError", frame("f")), raised("ValueError", frame("g"))

    assert key(**group_of(a, b)) == key(**group_of(b, a, b))
    assert key(**group_of(a, b)) != key(**group_of(a))


def test_a_group_of_one_kind_is_that_kind() -> None:
    a = raised("TypeError", frame("f"))

    assert group(**group_of(a, a)).parts == group(**chain(a)).parts


@pytest.mark.parametrize(
    "ids", [[(0, None), (0, 0)], [(0, 1), (1, 0)], [(0, None), (1, 7)], [(0, None), (1, 1)], [(0, 0)]]
)
def test_a_broken_group_is_a_chain(ids: list[tuple[int, int | None]]) -> None:
    values = [
        raised(f"E{at}", frame("f"), mechanism={"exception_id": own, "parent_id": parent, "is_exception_group": True})
        for at, (own, parent) in enumerate(ids)
    ]

    assert [value for what, value in group(**chain(*values)).parts if what == "type"] == [
        f"E{at}" for at in range(len(ids))
    ]


def threads(*marks: Mapping[str, Any]) -> dict[str, Any]:
    return {"values": [{"stacktrace": {"frames": [frame(f"f{at}")]}, **mark} for at, mark in enumerate(marks)]}


@pytest.mark.parametrize(
    ("marks", "function"),
    [([{}, {"crashed": True}, {"current": True}], "f1"), ([{}, {"current": True}], "f1"), ([{}], "f0")],
)
def test_the_crashed_current_or_only_thread_decides(marks: Sequence[Mapping[str, Any]], function: str) -> None:
    found = group(threads=threads(*marks), logentry={"message": "m"})

    assert (found.mechanism, found.parts[1]) == ("stack", ("function", function))


def test_among_several_equal_threads_none_decides() -> None:
    assert group(threads=threads({}, {}), logentry={"message": "m"}).mechanism == "message"


def test_the_events_own_stack_trace_counts_first() -> None:
    found = group(stacktrace={"frames": [frame("own")]}, threads=threads({"current": True}))

    assert ("function", "own") in found.parts


def test_security_reports_are_grouped_by_directive_and_what_was_blocked() -> None:
    report = {
        "effective-directive": "img-src",
        "blocked-uri": "https://evil.example/1.png",
        "document-uri": "https://a.b/",
    }

    assert group(csp=report).parts == (("directive", "img-src"), ("blocked", "evil.example"))
    assert group(csp={**report, "blocked-uri": "https://a.b/x"}).parts[1] == ("blocked", "self")
    assert group(csp={**report, "blocked-uri": "'inline'"}).parts[1] == ("blocked", "inline")
    assert group(csp={"violated_directive": "script-src x", "blocked_uri": "data:1"}).parts == (
        ("directive", "script-src"),
        ("blocked", "data"),
    )
    assert group(csp={"blocked_uri": "http://[x"}).parts[1] == ("blocked", "http")


def test_a_message_template_is_preferred_to_the_formatted_message() -> None:
    found = group(logentry={"message": "user %s left", "formatted": "user ann left"})

    assert found.parts == (("message", "user %s left"),)
    assert found.summary == "Grouped by the message “user %s left”"


def test_formatted_messages_match_without_their_variable_parts() -> None:
    assert key(logentry={"formatted": "order 17 of a@b.example"}) == key(
        logentry={"formatted": "order 4 of c@d.example"}
    )
    assert key(logentry={"formatted": "order 17"}) != key(logentry={"formatted": "invoice 17"})


def test_feedback_is_grouped_by_what_was_written() -> None:
    assert group(kind="feedback", contexts={"feedback": {"message": "it broke"}}).parts == (("message", "it broke"),)


def test_an_event_without_message_is_grouped_by_what_else_it_tells() -> None:
    found = group(logger="shop", transaction="/cart/17", platform="python")

    assert found.parts == (
        ("platform", "python"),
        ("kind", "error"),
        ("logger", "shop"),
        ("transaction", "/cart/<int>"),
    )
    assert key(logger="shop") != key(logger="bank")


def test_no_two_events_that_tell_nothing_share_an_issue() -> None:
    one, other = group_events([event("1" * 32, platform="python"), event("2" * 32, platform="python")])

    assert one.mechanism == other.mechanism == "event"
    assert one.key != other.key


def test_the_clients_fingerprint_decides_alone() -> None:
    assert key(**chain(raised("A", frame("f"))), fingerprint=["x"]) == key(**chain(raised("B")), fingerprint=["x"])
    assert key(logentry={"message": "m"}, fingerprint=["x", "y"]) != key(logentry={"message": "m"}, fingerprint=["xy"])


def test_default_in_a_fingerprint_stands_for_the_default_parts() -> None:
    event_data = chain(raised("A", frame("f")))

    assert group(**event_data, fingerprint=["{{ default }}"]) == group(**event_data)
    assert group(**event_data, fingerprint=["eu", "{{default}}"]).parts == (
        ("fingerprint", "eu"),
        *group(**event_data).parts,
    )


@pytest.mark.parametrize("fingerprint", [[], None, "x", [None]])
def test_an_empty_or_misshapen_fingerprint_asks_for_nothing(fingerprint: object) -> None:
    assert group(logentry={"message": "m"}, fingerprint=fingerprint).mechanism == "message"


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ("{{ transaction }}", "/cart"),
        ("at {{type}}", "at KeyError"),
        ("{{ message }}", "order <int>"),
        ("{{ value }}", "k <int>"),
        ("{{ function }}/{{ module }}", "total/shop.cart"),
        ("{{ level }}", "error"),
        ("{{ logger }}", "<no-logger>"),
        ("{{ tags.region }}", "eu"),
        ("{{ tags.zone }}", "<no-value-for-tag-zone>"),
        ("{{ other }}", "<unrecognized-variable-other>"),
        ("a {{ default }}", "a {{ default }}"),
    ],
)
def test_variables_in_a_fingerprint_are_resolved(value: str, resolved: str) -> None:
    data = chain(
        raised("KeyError", frame("total"), value="k 5"),
        transaction="/cart",
        logentry={"formatted": "order 5"},
        tags=[["region", "eu"]],
        fingerprint=[value],
    )

    assert group(**data).parts == (("fingerprint", resolved),)


def test_variables_of_an_event_without_stack_are_named_missing() -> None:
    assert group(fingerprint=["{{ function }} {{ module }}"]).parts == (("fingerprint", "<no-function> <no-module>"),)


def test_parts_never_run_together() -> None:
    assert key_of("m", 1, [("ab", "c")]) != key_of("m", 1, [("a", "bc")])
    assert key_of("m", 1, [("a", "b"), ("c", "d")]) != key_of("m", 1, [("a", "b")])
    assert key_of("m", 1, []) != key_of("m", 2, [])
    assert len(key_of("m", 1, [])) == 40


NAMES = st.sampled_from(["f", "g", "<lambda>", "?", "a.b", ""]) | st.text(max_size=5)
FRAMES = st.fixed_dictionaries(
    {},
    optional={
        "function": NAMES,
        "module": NAMES,
        "filename": NAMES,
        "abs_path": NAMES,
        "context_line": NAMES | st.none(),
        "in_app": st.booleans() | st.none(),
        "platform": st.sampled_from(["java", "c", "javascript"]),
        "raw_function": NAMES,
    },
)
MECHANISMS = st.fixed_dictionaries(
    {},
    optional={
        "synthetic": st.booleans(),
        "is_exception_group": st.booleans(),
        "exception_id": st.integers(0, 3) | st.none(),
        "parent_id": st.integers(0, 3) | st.none(),
    },
)
TRACES = st.fixed_dictionaries({"frames": st.lists(FRAMES, max_size=6)}) | st.none()
EXCEPTIONS = st.fixed_dictionaries(
    {}, optional={"type": NAMES, "value": NAMES, "stacktrace": TRACES, "mechanism": MECHANISMS | st.none()}
)
PLATFORMS = st.sampled_from(["python", "javascript", "java", "native", "csharp", "php", "ruby", "other"])
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "platform": PLATFORMS,
        "exception": st.fixed_dictionaries({"values": st.lists(EXCEPTIONS, max_size=4)}),
        "threads": st.fixed_dictionaries(
            {"values": st.lists(st.fixed_dictionaries({"stacktrace": TRACES}), max_size=2)}
        ),
        "logentry": st.dictionaries(st.sampled_from(["message", "formatted"]), NAMES),
        "fingerprint": st.lists(st.sampled_from(["{{ default }}", "x", "{{ type }}", "{{ function }}"]), max_size=3),
        "csp": st.dictionaries(st.sampled_from(["blocked-uri", "effective_directive"]), NAMES),
        "logger": NAMES,
        "transaction": NAMES,
    },
)


def turned(value: Any) -> Any:
    """The same value with every object's keys in the opposite order, and what must not matter added to frames."""
    if isinstance(value, dict):
        extra = {"lineno": 7, "vars": {"a": 1}} if {"function", "filename", "module"} & set(value) else {}
        return {**{key: turned(value[key]) for key in reversed(list(value))}, **extra}
    return [turned(item) for item in value] if isinstance(value, list) else value


@settings(deadline=None)
@given(EVENTS)
def test_every_event_has_one_key_that_its_parts_give_again(data: dict[str, Any]) -> None:
    [one] = group_events([event(**data)])
    [again] = group_events([event(**turned(data))])

    assert one == again
    assert one.key == key_of(one.mechanism, one.version, one.parts)
    assert one.summary


MISSHAPEN = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["values", "frames", "stacktrace", "mechanism", "type", "feedback"]), inner, max_size=3
        )
    ),
)
FIELDS = ["threads", "stacktrace", "logentry", "csp", "fingerprint", "contexts", "tags", "request", "platform"]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), MISSHAPEN, max_size=4))
def test_misshapen_fields_never_raise(data: dict[str, Any]) -> None:
    assert group(**data).key
