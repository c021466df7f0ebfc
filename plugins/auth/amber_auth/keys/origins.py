"""Which web pages may send events to a project."""

from collections.abc import Sequence
from urllib.parse import urlsplit

ANY = "*"


def is_allowed(origin: str, allowed: object) -> bool:
    """Whether a page at `origin` (the Origin or Referer header) may send events.

    `allowed` is one pattern or a list of them: `*`, `shop.test`, `*.shop.test` (the domain and all below it), either
    with a scheme before it and a port after it. Clients that are no browser send no origin and are always allowed.
    """
    patterns = [pattern for pattern in _listed(allowed) if isinstance(pattern, str)]
    if not origin or ANY in patterns:
        return True
    page = _split(origin)
    return page is not None and any(_fits(page, pattern) for pattern in patterns)


def _listed(allowed: object) -> Sequence[object]:
    return allowed if isinstance(allowed, Sequence) and not isinstance(allowed, str) else (allowed,)


def _fits(page: tuple[str, str, int | None], pattern: str) -> bool:
    wanted = _split(pattern if "://" in pattern else f"//{pattern}")
    if wanted is None:
        return False
    scheme, host, port = wanted
    return scheme in ("", page[0]) and port in (None, page[2]) and _is_within(page[1], host)


def _is_within(host: str, pattern: str) -> bool:
    if not pattern.startswith("*."):
        return host == pattern
    return host == pattern[2:] or host.endswith(pattern[1:])


def _split(address: str) -> tuple[str, str, int | None] | None:
    """Scheme, host in lower case and port, or None where there is no host (`null`, rubbish)."""
    try:
        parts = urlsplit(address.strip())
        return (parts.scheme, parts.hostname, parts.port) if parts.hostname else None
    except ValueError:
        return None
