import pytest

from amber.ingest.crosssite import is_cross_site

OWN = "https://errors.shop.test"


@pytest.mark.parametrize(
    ("headers", "is_foreign"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": OWN}, True),
        ({"origin": OWN}, False),
        ({"origin": "http://10.0.0.7:8000", "host": "10.0.0.7:8000"}, False),
        ({"origin": "https://evil.test", "host": "10.0.0.7:8000"}, True),
        ({"origin": "null", "host": "10.0.0.7:8000"}, True),
        ({"origin": "", "host": "10.0.0.7:8000"}, True),
        ({"origin": "https://errors.shop.test.evil.test"}, True),
    ],
)
def test_what_another_sites_page_sends_is_known(headers: dict[str, str], is_foreign: bool) -> None:
    assert is_cross_site("POST", headers, OWN) is is_foreign
    assert is_cross_site("DELETE", headers, OWN) is is_foreign


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_only_looks_may_come_from_anywhere(method: str) -> None:
    assert not is_cross_site(method, {"sec-fetch-site": "cross-site", "origin": "https://evil.test"}, OWN)
