"""Whether another site made a browser send a request; see docs/decisions/0008."""

from collections.abc import Mapping
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_cross_site(method: str, headers: Mapping[str, str], own_url: str) -> bool:
    """Whether a request that may change something was made by a page of another origin.

    Browsers say so themselves: in `Sec-Fetch-Site`, which no page can set, or, where a page came over plain HTTP, in
    `Origin`. What sends neither is no browser and carries nobody's cookies but its own. Header names are lower case.
    """
    if method in SAFE_METHODS:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return False
    page = _netloc(origin)
    return page is None or page not in (headers.get("host", "").lower(), _netloc(own_url))


def _netloc(address: str) -> str | None:
    """Host and port of an address; None where it is none."""
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return None
