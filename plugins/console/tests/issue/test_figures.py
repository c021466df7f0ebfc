"""The histogram and the shares beside the event."""

from hypothesis import given
from hypothesis import strategies as st

from amber.model import Facet
from amber_console.home.issue.histogram import DAYS, HEIGHT, STEP, WIDTH, histogram, span
from amber_console.home.issue.shares import spreads

HOUR = 472_222
"""2023-11-14 22:00 UTC."""


def test_the_span_ends_with_the_hour_that_runs() -> None:
    assert span(HOUR * 3600 + 1800.0) == (HOUR + 1 - DAYS * 24, HOUR + 1)


@given(st.lists(st.integers(0, 10**9), max_size=40))
def test_bars_stay_in_their_frame_and_are_seen_where_anything_happened(counts: list[int]) -> None:
    bars = histogram(counts, HOUR).bars
    assert len(bars) == len(counts)
    for bar, count in zip(bars, counts, strict=True):
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert abs(bar.y + bar.height - HEIGHT) < 0.02
        assert (bar.height >= 3) == (count > 0)


def test_the_text_says_what_the_bars_show() -> None:
    shown = histogram([1, 0, 1200], HOUR)
    assert shown.text == f"1,201 events in 14 days, at most 1,200 in {STEP} hours (15 Nov 22:00 to 16 Nov 10:00 UTC)"
    assert shown.bars[0].label == "14 Nov 22:00 to 15 Nov 10:00 UTC: 1 event"
    assert shown.peak == 1200
    assert histogram([0, 0], HOUR).text == "0 events in 14 days"
    assert histogram([0, 1], HOUR).text == "1 event in 14 days"


def test_shares_are_per_cent_of_each_name() -> None:
    facets = [
        Facet("release", "2.3", 995, 5.0),
        Facet("release", "2.2", 5, 1.0),
        Facet("environment", "eu west", 3, 5.0),
    ]
    releases, environments = spreads(facets)
    assert [(one.value, one.percent, one.width) for one in releases.shares] == [
        ("2.3", "> 99 %", 99.5),
        ("2.2", "< 1 %", 0.5),
    ]
    assert [(one.percent, one.query) for one in environments.shares] == [("100 %", 'environment:"eu west"')]


def test_the_most_frequent_are_shown_and_the_others_counted() -> None:
    (spread,) = spreads([Facet("release", str(at), 10 - at, 1.0) for at in range(8)])
    assert [one.value for one in spread.shares] == ["0", "1", "2", "3", "4"]
    assert spread.others == 3
