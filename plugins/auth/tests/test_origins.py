import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber_auth.keys.origins import is_allowed


@pytest.mark.parametrize(
    ("origin", "pattern"),
    [
        ("https://shop.test", "shop.test"),
        ("https://SHOP.test:8443/cart", "shop.test"),
        ("https://a.b.shop.test", "*.shop.test"),
        ("https://shop.test", "*.shop.test"),
        ("https://shop.test", "https://shop.test"),
        ("http://localhost:3000", "localhost:3000"),
        ("http://[::1]:3000", "[::1]"),
        ("null", "*"),
        ("", "shop.test"),
    ],
)
def test_a_page_that_fits_the_pattern_may_send(origin: str, pattern: str) -> None:
    assert is_allowed(origin, [pattern])
    assert is_allowed(origin, pattern)


@pytest.mark.parametrize(
    ("origin", "pattern"),
    [
        ("https://shop.test.evil.test", "shop.test"),
        ("https://evilshop.test", "*.shop.test"),
        ("https://www.shop.test", "shop.test"),
        ("http://shop.test", "https://shop.test"),
        ("http://localhost:3001", "localhost:3000"),
        ("https://evil.test/?shop.test", "shop.test"),
        ("https://shop.test@evil.test", "shop.test"),
        ("null", "shop.test"),
        ("http://[", "shop.test"),
        ("https://shop.test:99999", "shop.test"),
        ("https://shop.test", "http://["),
        ("https://shop.test", ""),
    ],
)
def test_a_page_that_does_not_fit_may_not(origin: str, pattern: str) -> None:
    assert not is_allowed(origin, [pattern])


def test_one_pattern_that_fits_is_enough_and_an_empty_list_allows_no_page() -> None:
    assert is_allowed("https://b.test", ["a.test", "b.test"])
    assert not is_allowed("https://b.test", [])


@pytest.mark.parametrize("setting", [None, 5, {"a": 1}, [1, None]])
def test_a_setting_that_makes_no_sense_allows_no_page(setting: object) -> None:
    assert not is_allowed("https://b.test", setting)


@given(st.text(), st.text().filter(lambda pattern: pattern != "*"))
def test_no_origin_and_no_pattern_raises(origin: str, pattern: str) -> None:
    assert is_allowed(origin, [pattern]) in (True, False)
