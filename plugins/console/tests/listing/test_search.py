import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber_console.home.listing.search import KNOWN, LEVELS, Search, parse, with_filter

words = st.text(st.characters(exclude_categories=("Zs", "Cc", "Cs"), exclude_characters='":/ \u2028\u2029'), min_size=1)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", Search()),
        ("  ", Search()),
        ("is:resolved", Search(status="resolved")),
        ("is:all", Search()),
        ("is:unresolved is:all", Search()),
        ("is:regressed", Search(status="unresolved", is_regressed=True)),
        ("is:regressed is:ignored", Search(status="ignored")),
        ("level:fatal checkout failed", Search(level="fatal", text="checkout failed")),
        ("release:shop@2.3.1+7 environment:eu-west", Search(release="shop@2.3.1+7", environment="eu-west")),
        ('release:"2.3 beta" "two  words"', Search(release="2.3 beta", text="two  words")),
        ("assigned:me", Search(assignee="me")),
        ("assigned:team:checkout", Search(assignee="team:checkout")),
        ("assigned:ann@shop.test", Search(assignee="ann@shop.test")),
        ('environment:"" x', Search(text="x")),
    ],
)
def test_filters_and_words_are_told_apart(query: str, found: Search) -> None:
    assert parse(query) == found


@pytest.mark.parametrize(
    "title",
    ["TypeError: x is undefined", "std::bad_alloc", "https://shop.test/cart", "Error:", "a: b", "12:30", '"', 'x"y'],
)
def test_a_pasted_title_is_looked_for_as_it_is(title: str) -> None:
    found = parse(title)
    assert found == Search(text=found.text)
    assert found.text.replace('"', "") == title.replace('"', "")


@pytest.mark.parametrize("query", ["foo:bar", "status:resolved", "issue:5"])
def test_a_filter_that_does_not_exist_is_named_beside_those_that_do(query: str) -> None:
    (problem,) = parse(query + " level:error").problems
    assert f"“{query.partition(':')[0]}:”" in problem
    assert all(f"{key}:" in problem for key in KNOWN)
    assert parse(query + " level:error").level == "error"


@pytest.mark.parametrize("query", ["is:open", "level:loud", "level:ERROR"])
def test_a_value_that_does_not_exist_is_named_beside_those_that_do(query: str) -> None:
    key, _, value = query.partition(":")
    found = parse(query)
    assert (found.status, found.level) == ("", "")
    assert value in found.problems[0]
    assert KNOWN[key] in found.problems[0]


@given(st.text())
def test_whatever_is_typed_is_understood_or_explained(query: str) -> None:
    found = parse(query)
    assert found.status in ("", "unresolved", "resolved", "ignored")
    assert found.level in ("", *LEVELS)
    assert len(found.text) <= len(query)
    assert all(problem.endswith(".") for problem in found.problems)


@given(st.text(), st.sampled_from(sorted(KNOWN)), words)
def test_a_filter_that_is_set_replaces_the_one_before_it(query: str, key: str, value: str) -> None:
    once = with_filter(query, key, value)
    assert with_filter(once, key, value) == once
    assert len(re.findall(rf"(?:^|\s){key}:{re.escape(value)}(?=\s|$)", once)) >= 1


@given(
    st.text(), st.sampled_from(("release", "environment", "assigned")), st.text(min_size=1).map(str.split).map(" ".join)
)
def test_a_filter_that_was_set_is_found_again(query: str, key: str, value: str) -> None:
    plain = value.replace('"', "")
    field = "assignee" if key == "assigned" else key
    found = parse(with_filter(query, key, plain))
    assert getattr(found, field) == plain


@given(st.text())
def test_taking_a_filter_out_leaves_the_words(query: str) -> None:
    before, after = parse(query), parse(with_filter(query, "level", ""))
    assert after.level == ""
    assert after.text == before.text
