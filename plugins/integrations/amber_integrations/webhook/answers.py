"""What a receiver's answer means."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Protocol

from amber.errors import Reject, Retry
from amber.model import Receipt

SHOWN = 300
"""Characters of a receiver's words that are worth keeping."""


class Answer(Protocol):
    """What `ctx.http` gives back."""

    @property
    def status(self) -> int:
        """HTTP's."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name in lower case."""

    @property
    def body(self) -> bytes:
        """What was read of it."""


def judge(answer: Answer, now: float) -> Receipt:
    """The receipt of a message that was taken. Raises Reject for 410, Retry for every other answer."""
    said = _named(answer.status)
    if answer.status // 100 == 2:
        return Receipt(said)
    if answer.status // 100 == 3:
        place = answer.headers.get("location", "another address")
        raise Retry(reason=f"{said}: redirects are not followed; enter {place} where it is the right one")
    words = answer.body.decode("utf-8", "replace").strip()[:SHOWN]
    told = f"{said}: {words}" if words else said
    if answer.status == HTTPStatus.GONE:
        raise Reject(told)
    is_later = answer.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    raise Retry(seconds(answer.headers.get("retry-after", ""), now) if is_later else None, told)


def seconds(retry_after: str, now: float) -> float | None:
    """What a Retry-After header asks for, a number of seconds or a date; None where it says neither."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
