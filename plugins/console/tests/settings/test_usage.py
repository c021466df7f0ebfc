"""The usage pages."""

import time
from html import unescape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from amber.model import HOUR, Batch, OutcomeCount
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


@settings(deadline=None)  # a busy machine takes as long as it likes
@given(COUNTS, some.sampled_from(sorted(PERIODS)))
def test_bars_hold_everything_and_stay_inside_the_picture(counts: list[OutcomeCount], period: str) -> None:
    step = PERIODS[period].step
    found = spans(counts, 1000, 1000 + 24 * 90, step)
    assert sum(span.total() for span in found) == sum(one.quantity for one in counts if one.outcome in ENDS)
    for bar in chart(found, 1000, step).bars:
        assert all(piece.y >= -1 and piece.y + piece.height <= HEIGHT + 1 for piece in bar.pieces)
    assert in_words(usage_of(counts)).count("stored") == any(one.outcome == "stored" for one in counts)
