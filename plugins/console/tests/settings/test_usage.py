"""The usage pages and the limits on them."""

import time
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from amber.model import DAY, HOUR, Batch, Limit, OutcomeCount
from amber_console.home.settings import limit_form
from amber_console.home.settings.forms import Form
from amber_console.home.settings.usage_bars import HEIGHT, PERIODS, chart
from amber_console.home.settings.usage_counts import ENDS, in_words, spans, usage_of


def this_hour() -> int:
    """Asked in each test, because an hour may pass between reading this file and running it."""
    return int(time.time() // HOUR)


def count(acme: Any, *counts: tuple[str, str, str, int], hour: int = 0, project: int = 0) -> None:
    """Count outcomes: category, outcome, reason and quantity."""
    home = project or acme.project.id
    acme.stores.issues.apply(Batch(outcomes=tuple(OutcomeCount(home, *one, hour or this_hour()) for one in counts)))


DAY_AT_THE_SHOP = (
    ("error", "accepted", "", 10104),
    ("error", "stored", "", 9900),
    ("error", "filtered", "duplicate", 204),
    ("error", "rate_limited", "key_limit", 100),
    ("error", "client_discard", "sample_rate", 5000),
)


@pytest.mark.parametrize("path", ["/usage", "/projects/shop/usage"])
@pytest.mark.parametrize("period", ["24h", "7d", "30d", "90d", "no such period"])
def test_the_sum_law_is_shown_in_words_bars_and_tables(acme: Any, path: str, period: str) -> None:
    count(acme, *DAY_AT_THE_SHOP)
    text = unescape(acme.browser().get(f"{path}?period={period}").text)
    assert "<b>10,204</b> received: 9,900 stored, 204 filtered (sent before), 100 rate limited." in text
    assert text.count('<rect class="stored" x=') == 1
    assert "10,104 accepted and 100 refused" in text
    assert "left out by its sample rate" in text
    assert '<td class="num">9,900</td>' in text


def test_what_is_still_being_digested_is_on_its_way(acme: Any) -> None:
    count(acme, ("error", "accepted", "", 10), ("error", "stored", "", 7))
    assert "7 stored, 3 on their way." in acme.browser().get("/usage").text


def test_without_anything_sent_the_page_says_how_to_send(acme: Any) -> None:
    assert "Nothing was sent in the last 7 days" in acme.browser().get("/usage").text
    assert 'href="/projects/shop/start">Set up an SDK' in acme.browser().get("/projects/shop/usage").text


def test_projects_are_listed_by_how_much_they_were_sent(acme: Any, other: Any) -> None:
    from amber.model import AuditEntry

    quiet = acme.directory.add_project(acme.organisation.id, "quiet", "Quiet", "go", AuditEntry(0, "t", "t", "", 1.0))
    count(acme, ("error", "accepted", "", 1), ("error", "stored", "", 1), project=quiet.id)
    count(acme, *DAY_AT_THE_SHOP)
    count(other, ("error", "accepted", "", 77777))
    text = acme.browser().get("/usage").text
    assert text.index('/projects/shop/usage?period=7d">Shop') < text.index('/projects/quiet/usage?period=7d">Quiet')
    assert "77,777" not in text


def test_requests_without_a_good_key_are_shown_to_superusers_alone(acme: Any, staff: Any) -> None:
    count(acme, *DAY_AT_THE_SHOP)
    acme.stores.issues.apply(Batch(outcomes=(OutcomeCount(0, "default", "invalid", "http 403", 31, this_hour()),)))
    assert "named no key that works" in staff["superuser"].get("/usage").text
    assert "named no key that works" not in staff["owner"].get("/usage").text


def limits(acme: Any) -> Any:
    return acme.directory.project("shop", acme.organisation.id).settings.get("limits")


def row(**given: str) -> dict[str, str]:
    return {"count": "", "window": "60", "who": "project", "categories": "", "burst": ""} | given


def form(*rows: dict[str, str]) -> dict[str, list[str]]:
    return {name: [one[name] for one in rows] for name in row()}


def test_limits_are_kept_as_the_edge_reads_them_and_shown_again(acme: Any, send: Any) -> None:
    browser, key = acme.browser(), str(acme.directory.keys(acme.project.id)[0].id)
    typed = form(
        row(count="600", categories="error", burst="50"),
        row(count="100", who=f"key {key}"),
        row(count="10000", who="cap", window=str(DAY)),
        row(),
    )
    assert send(browser, "/projects/shop/limits", **typed).headers["location"].endswith("?done=limits#limits")
    assert limits(acme) == [
        {"count": 600, "window": 60, "kind": "rate", "scope": "project", "categories": ["error"], "burst": 50},
        {"count": 100, "window": 60, "kind": "rate", "scope": "key", "key": key},
        {"count": 10000, "window": DAY, "kind": "cap", "scope": "project"},
    ]
    count(acme, ("error", "accepted", "", 9500), ("error", "over_quota", "project_cap", 12))
    page = unescape(browser.get("/projects/shop/usage?done=limits").text)
    assert "600 errors a minute for the project, up to 50 at once" in page
    assert "10,000 items a day for the project" in page
    assert "9,500 used, 95 %" in page
    assert "<b>12 refused</b> this hour" in page
    assert "The limits hold from now on." in page
    send(browser, "/projects/shop/limits", **form(row()))
    assert limits(acme) is None


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (row(count="many"), "Limit 1 cannot be used"),
        (row(count="-1"), "Limit 1 cannot be used"),
        (row(count="5", window="60", who="cap"), "whole hours"),
        (row(count="9" * 12), "Limit 1 cannot be used"),
    ],
)
def test_a_limit_that_cannot_be_held_is_refused_and_kept_in_the_form(
    acme: Any, send: Any, bad: dict[str, str], said: str
) -> None:
    answer = send(acme.browser(), "/projects/shop/limits", **form(bad))
    assert answer.status_code == 400
    assert said in unescape(answer.text)
    assert f'value="{bad["count"]}"' in answer.text
    assert limits(acme) is None


def test_members_see_limits_and_change_none(acme: Any, staff: Any, send: Any) -> None:
    assert "Save limits" in staff["admin"].get("/projects/shop/usage").text
    assert "Save limits" not in staff["member"].get("/projects/shop/usage").text
    assert send(staff["member"], "/projects/shop/limits", **form(row(count="5"))).status_code == 403


LIMITS = some.builds(
    Limit,
    count=some.integers(1, 10**9),
    window=some.sampled_from([1, 60, HOUR, DAY]),
    scope=some.sampled_from(["key", "project"]),
    categories=some.sampled_from([(), ("error",), ("error", "span")]),
    burst=some.integers(0, 100),
)


@given(some.lists(LIMITS, max_size=5))
def test_limits_that_are_shown_and_sent_back_stay_as_they_are(kept: list[Limit]) -> None:
    rows = limit_form.filled(kept)
    assert limit_form.read(Form({name: tuple(one[name] for one in rows) for name in rows[0]})) == tuple(kept)


COUNTS = some.lists(
    some.builds(
        OutcomeCount,
        some.just(1),
        some.sampled_from(["error", "log"]),
        some.sampled_from(["accepted", "client_discard", *ENDS]),
        some.just(""),
        some.integers(1, 10**6),
        some.integers(1000, 1000 + 24 * 90 - 1),
    ),
    max_size=20,
)


@given(COUNTS, some.sampled_from(sorted(PERIODS)))
def test_bars_hold_everything_and_stay_inside_the_picture(counts: list[OutcomeCount], period: str) -> None:
    step = PERIODS[period].step
    found = spans(counts, 1000, 1000 + 24 * 90, step)
    assert sum(span.total() for span in found) == sum(one.quantity for one in counts if one.outcome in ENDS)
    for bar in chart(found, 1000, step).bars:
        assert all(piece.y >= -1 and piece.y + piece.height <= HEIGHT + 1 for piece in bar.pieces)
    assert in_words(usage_of(counts)).count("stored") == any(one.outcome == "stored" for one in counts)
