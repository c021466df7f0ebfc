"""Contexts, additions of plugins, and security reports."""

from typing import Any

from amber_console.home.issue.context_view import added, context_views
from amber_console.home.issue.report_view import ReportView, report_view


def titles(data: dict[str, Any]) -> list[str]:
    return [one.title for one in context_views(data)]


def test_known_contexts_come_first_and_in_order() -> None:
    contexts = {
        name: {"x": 1} for name in ("zebra", "gpu", "os", "apple", "device", "browser", "trace", "runtime", "app")
    }
    assert titles({"contexts": contexts}) == [
        "Browser", "Operating system", "Device", "Runtime", "App", "Trace", "GPU", "apple", "zebra"
    ]  # fmt: skip


def test_what_the_normal_form_says_twice_is_shown_once() -> None:
    told = {"type": "os", "name": "Linux", "version": "6.1", "os": "Linux 6.1", "empty": ""}
    assert context_views({"contexts": {"client_os": told}})[0].pairs == (("name", "Linux"), ("version", "6.1"))
    assert context_views({"contexts": {"runtime": {"type": "runtime", "runtime": "x"}}})[0].pairs == (("runtime", "x"),)
    assert context_views({"contexts": {"mine": {"type": "other"}}})[0].pairs == (("type", "other"),)


def test_the_trace_an_event_was_given_for_want_of_one_is_left_out() -> None:
    made_up = {"trace_id": "ab", "span_id": "a", "status": "unknown"}
    assert titles({"event_id": "ab", "contexts": {"trace": made_up}}) == []
    assert titles({"event_id": "cd", "contexts": {"trace": made_up}}) == ["Trace"]


def test_memory_is_said_in_a_unit_people_know() -> None:
    shown = context_views({"contexts": {"device": {"memory_size": 2**34, "free_memory": "much"}}})[0].pairs
    assert shown == (("memory_size", "16.0 GiB (17179869184 bytes)"), ("free_memory", "much"))


def test_feature_flags_are_pairs() -> None:
    values = [{"flag": "new-cart", "result": True}, "odd"]
    assert context_views({"contexts": {"flags": {"values": values}}})[0].pairs == (("new-cart", "true"), ("", ""))


def test_what_plugins_added_is_said_to_be_theirs() -> None:
    links = [["Commit", "https://git.test/a1b2"], ["Bad", "javascript:alert(1)"]]
    data = {"additions": {"release": {"contexts": {"release": {"version": "2"}}, "tags": {"t": "1"}, "links": links}}}
    assert [(one.title, one.plugin) for one in context_views(data)] == [("Release", "release")]
    assert added(data).tags == (("t", "1"),)
    assert added(data).links == (("Commit", "https://git.test/a1b2"),)


def report(**data: Any) -> ReportView:
    shown = report_view(data)
    assert shown is not None
    return shown


def test_a_policy_report_says_what_was_blocked_and_by_which_directive() -> None:
    body = {
        "effective_directive": "script-src",
        "blocked-uri": "https://evil.test/x.js",
        "original-policy": "default-src 'none'; script-src 'self'; ",
        "referrer": "",
    }
    shown = report(csp=body)
    assert shown.sentence == "The browser blocked https://evil.test/x.js: script-src does not allow it."
    assert shown.policy == ("default-src 'none'", "script-src 'self'")
    assert [name for name, _ in shown.pairs] == ["effective-directive", "blocked-uri"]


def test_a_policy_that_only_reports_has_blocked_nothing() -> None:
    shown = report(csp={"violated-directive": "img-src 'self'", "disposition": "report"})
    assert shown.sentence == "The browser would have blocked something: img-src does not allow it."
    assert "a directive" in report(csp={"x": "y"}).sentence


def test_other_reports_name_the_host() -> None:
    shown = report(expectct={"hostname": "a.test"})
    assert (shown.title, shown.sentence) == (
        "Certificate transparency", "The browser does not trust the connection to a.test."
    )  # fmt: skip


def test_an_event_that_is_no_report_has_none() -> None:
    assert report_view({"csp": None, "message": "x"}) is None
