import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.model import LONGEST_SLUG, free_slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Web Shop", "web-shop"),
        ("  Ünï--côdé  ", "uni-code"),
        ("2024", "project-2024"),
        ("日本", "project"),
        ("x" * 80, "x" * 44),
        ("New", "new-2"),
    ],
)
def test_a_slug_reads_like_the_name(name: str, slug: str) -> None:
    assert free_slug(name, (), "project") == slug


def test_a_slug_that_is_taken_gets_a_number() -> None:
    assert free_slug("Web Shop", {"web-shop", "web-shop-2"}, "project") == "web-shop-3"


@given(st.lists(st.text(), max_size=5))
def test_no_two_names_get_the_same_slug(names: list[str]) -> None:
    taken: set[str] = set()
    for name in names:
        slug = free_slug(name, taken, "team")
        assert slug not in taken
        assert len(slug) <= LONGEST_SLUG
        taken.add(slug)
