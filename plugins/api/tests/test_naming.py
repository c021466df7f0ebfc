import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber_api.v1.naming import LONGEST, SLUG, slugified


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Web Shop", "web-shop"),
        ("  Ünï--côdé  ", "uni-code"),
        ("2024", "project-2024"),
        ("日本", "project"),
        ("x" * 80, "x" * 50),
        (f"{'x' * 49} y", "x" * 49),
    ],
)
def test_a_slug_reads_like_the_name(name: str, slug: str) -> None:
    assert slugified(name) == slug


@given(st.text(alphabet=st.characters()))
def test_every_name_has_a_slug(name: str) -> None:
    slug = slugified(name)
    assert re.fullmatch(SLUG, slug)
    assert len(slug) <= LONGEST
