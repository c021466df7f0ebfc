from typing import Any

import pytest

from amber.model import Issue, Project, StoredEvent, Subject
from amber.testing.contexts import make_context
from amber_grouping import stack
from amber_grouping.stack.explained import Explained, Part, counted, explained

PROJECT = Project(1, 1, "shop", "Shop", "python", 0.0)
FRAME = {"function": "f", "lineno": 3}
OURS, THEIRS = {**FRAME, "in_app": True}, {**FRAME, "in_app": False}


def why(mechanism: str, parts: list[list[str]], **data: Any) -> Explained:
    given = {"mechanism": mechanism, "version": 1, "key": "ab", "summary": "Grouped by x", "parts": parts}
    return explained(given, data)


def left_out(shown: Explained) -> list[str]:
    return [one.what for one in shown.ignored]


def test_the_parts_of_one_frame_stand_together() -> None:
    parts = [
        ("type", "KeyError"),
        ("module", "shop"), ("function", "f"), ("line", "x()"),
        ("module", "shop"), ("function", "g"),
        ("function", "h"),
        ("type", "RuntimeError"),
        ("line", "y()"),
    ]  # fmt: skip
    assert counted(parts) == (
        Part("type", "KeyError"),
        Part("frame", "", (("module", "shop"), ("function", "f"), ("line", "x()"))),
        Part("frame", "", (("module", "shop"), ("function", "g"))),
        Part("frame", "", (("function", "h"),)),
        Part("type", "RuntimeError"),
        Part("frame", "", (("line", "y()"),)),
    )


def test_the_rule_its_version_and_key_are_told() -> None:
    shown = why("exception", [["type", "E"]])
    assert (shown.summary, shown.mechanism, shown.version, shown.key) == ("Grouped by x", "exception", "1", "ab")


def test_frames_outweigh_the_message_the_libraries_and_whatever_changes() -> None:
    values = [{"type": "E", "value": "no 5", "stacktrace": {"frames": [OURS, THEIRS, THEIRS]}}]
    shown = why("exception", [["type", "E"], ["function", "f"]], exception={"values": values})
    assert left_out(shown) == ["2 library frames", "the message of the exception", "line numbers and variables"]


def test_what_did_count_is_not_said_to_be_left_out() -> None:
    values = [{"type": "E", "value": "no 5", "stacktrace": {"frames": [{"in_app": False}]}}]
    assert left_out(why("exception", [["type", "E"], ["value", "no"]], exception={"values": values})) == []
    assert left_out(why("exception", [["function", "f"]], exception={"values": [{"type": "E"}]})) == []


@pytest.mark.parametrize(
    ("mechanism", "data", "expected"),
    [
        ("fingerprint", {"exception": {"values": []}, "logentry": {"formatted": "x"}},
         ["the exceptions and the message"]),
        ("fingerprint", {}, []),
        ("stack", {"stacktrace": {"frames": [OURS, THEIRS]}, "logentry": {"formatted": "x"}},
         ["1 library frame", "the message", "line numbers and variables"]),
        ("stack", {"threads": {"values": [{"stacktrace": {"frames": [{"in_app": True}]}}]}}, []),
        ("message", {}, ["numbers, ids, dates and addresses in the message"]),
        ("csp", {}, ["path and query of what was blocked, the page, the line"]),
        ("event", {}, []),
        ("a plugin of somebody else’s", {"exception": {"values": [{"type": "E", "value": "x"}]}}, []),
    ],
)  # fmt: skip
def test_each_mechanism_says_what_it_leaves_out(mechanism: str, data: dict[str, Any], expected: list[str]) -> None:
    assert left_out(why(mechanism, [], **data)) == expected


def test_a_grouping_that_holds_nothing_can_be_shown() -> None:
    assert explained({}, {}).counted == ()


ATTACK = "\"'><script>alert(1)</script>{{ 7*7 }}"


def test_what_an_event_holds_is_shown_as_text() -> None:
    grouping = {"mechanism": ATTACK, "summary": ATTACK, "key": ATTACK, "parts": [["line", ATTACK], [ATTACK, ATTACK]]}
    event = StoredEvent("0" * 32, 1, "k", 0.0, 0.0, "t", "c", "error", {}, grouping)
    issue = Issue(7, 1, "SHOP-1", "t", "c", "error", "unresolved", "python", 1, 0, 0.0, 0.0)
    ctx = make_context(stack, None)
    shown = stack.ui_slot("issue.sidebar", Subject(1, PROJECT, issue, event), ctx)
    assert shown is not None
    assert "<script" not in shown.html
    assert "49" not in shown.html
    assert stack.ui_slot("event.after", Subject(1, PROJECT, issue, event), ctx) is None
    assert stack.ui_slot("issue.sidebar", Subject(1, PROJECT, issue), ctx) is None
