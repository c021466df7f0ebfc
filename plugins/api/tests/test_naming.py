import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.model import LONGEST_SLUG, free_slug
from amber_api.v1.naming import SLUG


@pytest.mark.parametrize("slug", ["new", "2024", "-shop", "Shop", "shop\n", ""])
def test_a_slug_that_could_mean_something_else_is_none(slug: str) -> None:
    assert re.fullmatch(SLUG, slug) is None


@given(st.text(alphabet=st.characters()))
def test_what_is_made_from_a_name_is_what_may_be_asked_for(name: str) -> None:
    slug = free_slug(name, (), "project")
    assert re.fullmatch(SLUG, slug)
    assert len(slug) <= LONGEST_SLUG
