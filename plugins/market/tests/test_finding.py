"""Looking plugins up, and the release that runs here."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber_market.index.finding import API, found, newest, why_unfit
from amber_market.index.rights import beyond, in_words

WORDS = st.dictionaries(
    st.sampled_from(["hosts", "facts", "roles", "tables", "kernel", "later"]),
    st.lists(st.sampled_from(["a", "b", "c.d", "*"]), unique=True).map(tuple),
)


def names(entries: Any) -> list[str]:
    return [entry.name for entry in entries]


def test_every_word_must_be_said_of_a_plugin_and_names_come_first(stall: Any) -> None:
    entries = [
        stall.entry(name="alpha", summary="Sends to Slack and Teams."),
        stall.entry(name="slack", summary="Posts."),
        stall.entry(name="teams"),
    ]
    assert names(found(entries, "slack")) == ["slack", "alpha"]
    assert names(found(entries, "SLACK teams")) == ["alpha"]
    assert names(found(entries)) == ["alpha", "slack", "teams"]
    assert names(found(entries, "nothing")) == []


def test_a_family_is_a_filter(stall: Any) -> None:
    entries = [stall.entry(name="one", families=("auth", "console")), stall.entry(name="two")]
    assert names(found(entries, "", "console")) == ["one"]
    assert names(found(entries, "posts", "auth")) == ["one"]


def test_the_newest_release_that_runs_here_is_taken(stall: Any) -> None:
    releases = [
        stall.release("4.0", api=API + 1),
        stall.release("3.0", amber=">=9"),
        stall.release("2.5", python=">=4"),
        stall.release("2.4rc1"),
        stall.release("2.10"),
        stall.release("2.9"),
    ]
    best = newest(releases, "0.1.0", "3.11.2")
    assert best is not None
    assert best.version == "2.10"
    assert newest(releases[:3], "0.1.0", "3.11.2") is None


def test_a_trial_release_is_taken_only_where_there_is_no_other(stall: Any) -> None:
    best = newest([stall.release("2.0b1")], "0.1.0", "3.11.2")
    assert best is not None


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"api": API + 1}, f"it speaks plugin API {API + 1}, this Amber speaks {API}"),
        ({"amber": ">=2"}, "it needs Amber >=2, this is 0.1.0"),
        ({"python": "<3.11"}, "it needs Python <3.11, this is 3.11.2"),
        ({"amber": "new"}, "it needs Amber new, which nobody understands"),
        ({"amber": ">=0.1,<1", "python": ">=3.11"}, ""),
    ],
)
def test_a_release_that_cannot_run_says_why(stall: Any, more: dict[str, Any], reason: str) -> None:
    assert why_unfit(stall.release(**more), "0.1.0", "3.11.2") == reason


@given(WORDS, WORDS)
def test_what_goes_beyond_is_what_was_not_shown(asked: Any, shown: Any) -> None:
    is_within = all(one in shown.get(kind, ()) for kind, words in asked.items() for one in words)
    assert (beyond(asked, shown) == []) is is_within
    assert beyond(asked, asked) == []


def test_rights_nobody_has_words_for_are_shown_as_they_are() -> None:
    assert in_words({"telepathy": ("minds",), "hosts": ("slack.com",), "facts": ()}) == [
        "telepathy: minds",
        "sends requests to slack.com",
    ]
