"""The cookie a browser shows its session with."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from litestar.datastructures import Cookie

DAY = 86_400.0
IDLE_DAYS, ABSOLUTE_DAYS = 14.0, 90.0
"""How long a session goes on unused, and altogether, where the configuration says nothing else."""
LASTS = 400 * 86_400
"""Seconds a browser keeps the cookie, the most that browsers allow; Amber decides when a session is over."""


def name_of(public_url: str) -> str:
    """The cookie's name: on HTTPS one that browsers take from this very host alone, and never over plain HTTP."""
    return "__Host-amber_session" if _is_secure(public_url) else "amber_session"


def secret_of(header: str, public_url: str) -> str:
    """The session's secret in a `Cookie` header; empty where there is none."""
    name = name_of(public_url)
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def cookie(secret: str, public_url: str) -> "Cookie":
    """The cookie to set for a session; with an empty secret the one that takes it away."""
    from litestar.datastructures import Cookie  # only who answers browsers needs it

    return Cookie(
        key=name_of(public_url),
        value=secret,
        max_age=LASTS if secret else 0,
        path="/",
        httponly=True,
        secure=_is_secure(public_url),
        samesite="lax",
    )


def _is_secure(public_url: str) -> bool:
    return urlsplit(public_url).scheme == "https"
