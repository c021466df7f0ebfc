from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber_console.home.listing.done import done_of, done_query
from amber_console.home.listing.sparkline import sparkline
from amber_console.home.listing.view import PERIODS, SORTS, View, view_of
from amber_console.home.names import initials, short, split_title
from amber_console.home.pages import local_path

texts = st.text(max_size=50).map(str.strip)
views = st.builds(
    View,
    project=texts,
    environment=texts,
    period=st.sampled_from(sorted(PERIODS)),
    query=texts,
    sort=st.sampled_from(sorted(SORTS)),
    cursor=texts,
)


def asked(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))


@given(views)
def test_the_address_of_a_view_leads_back_to_it(view: View) -> None:
    assert view_of(asked(view.link(cursor=view.cursor))) == view


@given(views)
def test_a_changed_filter_begins_at_the_first_page(view: View) -> None:
    assert view_of(asked(view.link(environment="prod"))).cursor == ""


def test_the_usual_view_has_a_short_address() -> None:
    assert View().link() == "/issues"
    assert View().link(project="shop") == "/issues?project=shop"
    assert View().link(query="") == "/issues?query="


@pytest.mark.parametrize("wrong", [{"period": "1y"}, {"sort": "id"}, {"period": ""}, {"foo": "bar"}])
def test_what_is_wrong_in_an_address_is_as_usual(wrong: dict[str, str]) -> None:
    assert view_of(wrong) == View()


def test_a_filter_is_changed_within_the_query() -> None:
    view = View(query="is:unresolved level:error cart")
    assert asked(view.filtered("level", "fatal"))["query"] == "level:fatal is:unresolved cart"
    assert asked(view.filtered("level", ""))["query"] == "is:unresolved cart"


@given(st.lists(st.integers(0, 10**9), max_size=40))
def test_a_bar_stands_for_every_span_in_which_something_happened(counts: list[int]) -> None:
    drawn = sparkline(counts, "14 days")
    assert drawn.path.count("M") == sum(1 for count in counts if count)
    assert drawn.ground.count("M") == len(counts)
    assert f"{sum(counts):,} event" in drawn.said


def test_the_highest_bar_is_as_tall_as_the_picture_and_the_lowest_can_be_seen() -> None:
    assert sparkline([1, 0, 1000], "x").path == "M0 20v-2h3v2zM8 20v-20h3v20z"


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0"), (999, "999"), (1000, "1k"), (1234, "1.2k"), (99_499, "99k"), (999_499, "999k"), (999_600, "1m"),
     (2_500_000, "2.5m"), (7_000_000_000, "7b")],
)  # fmt: skip
def test_counts_are_short(count: int, said: str) -> None:
    assert short(count) == said


@given(st.integers(0, 10**12 - 10**9))
def test_no_count_takes_more_than_four_characters(count: int) -> None:
    assert len(short(count)) <= 4


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ann Kay", "AK"), ("ann.kay@shop.test", "AK"), ("bob@shop.test", "B"), ("Jo van der Berg", "JB"), ("", "?")],
)
def test_people_have_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        ("TypeError: x: y", ("TypeError", "x: y")),
        ("java.lang.Error: no", ("java.lang.Error", "no")),
        ("disk is full: 99 %", ("", "disk is full: 99 %")),
        ("Error", ("", "Error")),
    ],
)
def test_a_title_is_split_after_its_type(title: str, parts: tuple[str, str]) -> None:
    assert split_title(title) == parts


@pytest.mark.parametrize("path", ["//evil.test", "/\\evil.test", "https://evil.test", "evil", "", "/a\nb", "/\t/evil"])
def test_a_path_to_another_site_is_not_followed(path: str) -> None:
    assert local_path(path, "/here") == "/here"


def test_what_was_done_is_told_in_words() -> None:
    done = done_of(asked(done_query("/issues?query=x&done=ignore&to=9", "resolve", [1, 2])))
    assert done is not None
    assert (done.sentence, done.issues, done.undo) == ("Resolved 2 issues.", ("1", "2"), "reopen")


@pytest.mark.parametrize(
    "wrong", [{}, {"done": "resolve"}, {"done": "explode", "to": "1"}, {"done": "resolve", "to": "1,x"}]
)
def test_nothing_is_told_of_what_nobody_did(wrong: dict[str, str]) -> None:
    assert done_of(wrong) is None
