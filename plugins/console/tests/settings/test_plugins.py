"""The list of plugins, and their switches."""

from typing import Any

import pytest

from amber.errors import Reject
from amber.model import AuditEntry
from amber.testing.running import Kernel

ROW = {
    "name": "broken",
    "title": "Broken one",
    "summary": "Does not work.",
    "distribution": "amber-broken",
    "version": "1.2.3",
    "families": ["integrations"],
    "stability": "beta",
    "rights": {"hosts": ["*"]},
    "state": "failed",
    "reason": "its start raised KeyError: 'x'",
    "isolation": "process",
    "enabled": True,
    "is_pinned": False,
    "is_switchable": True,
    "calls": 1200,
    "errors": 7,
    "refused": 0,
    "p95_ms": 12.5,
    "last_error": "KeyError: <script>",
}


@pytest.fixture
def listed(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [ROW]
    monkeypatch.setitem(kernel.services.kernel, "plugins", lambda: rows)
    return rows


@pytest.fixture
def switched(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool, AuditEntry]]:
    """What was switched: a kernel without a bus has no switchboard of its own."""
    found: list[tuple[str, bool, AuditEntry]] = []

    async def toggle(name: str, enabled: bool, audit: AuditEntry) -> None:
        if name == "sql":
            raise Reject("sql holds a role Amber cannot do without", status=409)
        found.append((name, enabled, audit))

    monkeypatch.setitem(kernel.services.kernel, "toggle", toggle)
    return found


def test_every_installed_plugin_is_listed_with_what_it_is(staff: Any) -> None:
    page = staff["member"].get("/plugins").text
    for words in ("Sentry protocol", "amber-ingest", "Runs", "Grouping", "API"):
        assert words in page


def test_a_plugin_in_trouble_leads_the_page_with_its_reason(staff: Any, listed: list[dict[str, Any]]) -> None:
    page = staff["superuser"].get("/plugins").text
    assert '<a href="#broken">Broken one</a> needs a look' in page
    assert '<span class="level error">Failed</span>' in page
    for words in ("its start raised KeyError", "amber-broken 1.2.3", "1,200", "7 failed", "12.5 ms", "any address"):
        assert words in page
    assert "<script>window" not in page
    assert "KeyError: &lt;script&gt;" in page


def test_what_waits_for_a_plugin_and_what_it_could_not_handle_is_told(
    staff: Any, kernel: Kernel, listed: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Desk:
        paused = ()

        async def laden(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [{**row, "waiting": 1200, "in_hand": 3, "dead_letters": 7} for row in rows]

    monkeypatch.setitem(kernel.services.kernel, "consumers", Desk())
    page = staff["superuser"].get("/plugins").text
    assert "1,200 wait, 3 in hand" in page
    assert '<a class="level error" href="/dead-letters?plugin=broken">7 it could not handle</a>' in page
    assert "/dead-letters?plugin" not in staff["member"].get("/plugins").text


def test_what_an_error_says_is_for_those_who_look_after_every_tenant(staff: Any, listed: list[dict[str, Any]]) -> None:
    page = staff["owner"].get("/plugins").text
    assert "Broken one" in page
    assert "KeyError" not in page


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"is_pinned": True}, "pinned in amber.toml"),
        ({"is_switchable": False}, "Amber cannot do without it"),
        ({"name": "console"}, "you are looking at it"),
        ({"state": "incompatible", "enabled": False}, "it cannot run here"),
        ({"version": "", "state": "disabled", "enabled": False}, "it is not installed"),
    ],
)
def test_what_cannot_be_switched_says_why(
    staff: Any, listed: list[dict[str, Any]], facts: dict[str, Any], said: str
) -> None:
    listed[0] = ROW | facts
    page = staff["superuser"].get("/plugins").text
    assert said in page
    assert 'action="/plugins/' not in page


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"state": "disabled", "enabled": False}, "Off"),
        ({"state": "disabled"}, "Starting"),
        ({"state": "tripped"}, "left out for half a minute at a time"),
        ({"state": "dreaming"}, "dreaming"),
        ({"families": []}, "Others"),
        ({"memory_bytes": 65 << 20, "restarts": 0}, "in a process of its own, which holds 65.0 MiB</dd>"),
        ({"restarts": 1}, '<span class="level warning">ended and started anew once</span>'),
        ({"refused": 1200}, '<span class="level error">refused 1,200 times</span>'),
        ({"memory_bytes": None, "restarts": None}, "in a process of its own</dd>"),
    ],
)
def test_states_are_words(staff: Any, listed: list[dict[str, Any]], facts: dict[str, Any], said: str) -> None:
    listed[0] = ROW | facts
    assert said in staff["superuser"].get("/plugins").text


def test_whoever_may_lose_the_way_in_is_warned(staff: Any, listed: list[dict[str, Any]]) -> None:
    listed[0] = ROW | {"families": ["auth"]}
    assert "can no longer get in" in staff["superuser"].get("/plugins").text


def test_a_superuser_switches_a_plugin(acme: Any, staff: Any, send: Any, switched: Any) -> None:
    answer = send(staff["superuser"], "/plugins/release", enabled="off")
    assert answer.headers["location"] == "/plugins?done=off#release"
    assert send(staff["superuser"], "/plugins/release", enabled="on").headers["location"].endswith("done=on#release")
    assert [(name, enabled) for name, enabled, _ in switched] == [("release", False), ("release", True)]
    audit = switched[0][2]
    sue = acme.directory.user_by_email("sue@acme.test")
    assert (audit.actor, audit.action, audit.organisation) == (f"user:{sue.id}", "plugin.switch", acme.organisation.id)


@pytest.mark.parametrize(
    ("name", "said"), [("sql", "Sql holds a role Amber cannot do without."), ("console", "cannot switch itself off")]
)
def test_a_switch_that_is_refused_says_why_on_the_page(
    staff: Any, send: Any, switched: Any, name: str, said: str
) -> None:
    answer = send(staff["superuser"], f"/plugins/{name}", enabled="off")
    assert answer.status_code == 409
    assert said in answer.text
    assert "Sentry protocol" in answer.text
    assert switched == []


def test_a_plugin_that_runs_badly_is_named_at_the_head_and_says_why_in_its_row(
    staff: Any, listed: list[dict[str, Any]]
) -> None:
    listed[0] = ROW | {"state": "running", "reason": "", "restarts": 3, "refused": 1}
    page = staff["superuser"].get("/plugins").text
    assert '<a href="#broken">Broken one</a> needs a look' in page
    assert 'refused once</span> · <span class="level warning">ended and started anew 3 times</span>' in page
    assert "needs a look" not in staff["owner"].get("/plugins").text
