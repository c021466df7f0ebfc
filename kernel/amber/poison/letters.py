"""What a dead letter says of itself in its headers, so that thousands can be listed without their originals."""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from amber.bus import ITEMS, Message
from amber.errors import Reject
from amber.model import Letter, Mark
from amber.wire import frames

RETRIED = "Amber-Letter"
"""On a message that was handed back: the letter it lay in, as `<stream's identity>/<number>`."""
PART = "Amber-Part"
"""On what was made of a message: its place in that one, as `<stream's identity>/<place>/<number>`."""
FIRST, TRIES = "Amber-First", "Amber-Retries"
"""Carried along when a letter is handed back: when it first died, and how often it was tried again."""
LONGEST_REASON = 2000
LONGEST_NAME = 200
ROW = re.compile(r"[1-9][0-9]{0,17}")
"""The number of a message, as far as a store can hold it."""


class About(Struct, frozen=True):
    """What an original tells of itself."""

    project: int = 0
    event_id: str = ""
    items: tuple[str, ...] = ()
    client: str = ""
    key: str = ""
    received_at: float = 0.0


class _Told(Struct, frozen=True):
    """The fields of a notification, or of a fact, that say what it is."""

    id: str = ""
    project: int = 0
    kind: str = ""
    type: str = ""
    at: float = 0.0
    event_id: str = ""


class _Task(_Told, frozen=True):
    """A fact, or a notification with its target."""

    target: int = 0
    notification: _Told | None = None


def one_line(text: str, longest: int = LONGEST_REASON) -> str:
    """Text that fits into a header: printable ASCII, one line, not endless."""
    return re.sub(r"[^\x20-\x7e]+", " ", text)[:longest].strip()


def headers_of(stream: str, plugin: str, reason: str, original: Message, about: About) -> dict[str, str]:
    """The headers of a new letter."""
    found = {
        "Amber-Error": one_line(reason),
        "Amber-Plugin": plugin,
        "Amber-Subject": original.subject,
        "Amber-Stream": stream,
        "Amber-Seq": str(original.seq),
        "Amber-Project": str(about.project or ""),
        "Amber-Event": one_line(about.event_id, LONGEST_NAME),
        "Amber-Items": one_line(" ".join(about.items), LONGEST_NAME),
        "Amber-Client": one_line(about.client, LONGEST_NAME),
        "Amber-Key": one_line(about.key, LONGEST_NAME),
        "Amber-Received": str(about.received_at or ""),
        "Amber-Delivered": str(original.delivered),
        "Amber-Size": str(len(original.data)),
        FIRST: original.headers.get(FIRST, ""),
        TRIES: original.headers.get(TRIES, ""),
        PART: original.headers.get(PART, ""),
    }
    return {name: value for name, value in found.items() if value}


def read_letter(message: Message) -> Letter:
    """A letter as it lies in the stream; headers that older versions did not write leave their fields empty."""
    told = message.headers.get
    return Letter(
        id=message.seq,
        stream=told("Amber-Stream", ""),
        plugin=told("Amber-Plugin", ""),
        reason=told("Amber-Error", ""),
        at=message.at,
        subject=told("Amber-Subject", ""),
        project=int(_number(message.headers, "Amber-Project")),
        event_id=told("Amber-Event", ""),
        items=tuple(told("Amber-Items", "").split()),
        client=told("Amber-Client", ""),
        key=told("Amber-Key", ""),
        received_at=_number(message.headers, "Amber-Received"),
        delivered=int(_number(message.headers, "Amber-Delivered")),
        retries=int(_number(message.headers, TRIES)),
        first_at=_number(message.headers, FIRST) or message.at,
        size=int(_number(message.headers, "Amber-Size")),
    )


def _number(headers: Mapping[str, str], name: str) -> float:
    try:
        found = float(headers.get(name) or 0)
    except ValueError:
        return 0.0
    return found if math.isfinite(found) else 0.0


def about(stream: str, data: bytes) -> About:
    """What an original tells of itself; of one nobody can read, nothing."""
    try:
        return _of_frame(data) if stream == ITEMS.name else _of_json(data)
    except (Reject, msgspec.MsgspecError, ValueError, RecursionError):  # the last two: bad UTF-8, deep nesting
        return About()


def _of_frame(data: bytes) -> About:
    submissions = frames.decode(data)
    if not submissions:
        return About()
    projects = {one.project for one in submissions}
    first, meta = submissions[0], submissions[0].meta
    categories = [str(name) for one in submissions for name in _kept(one.meta.get("categories"), one.dropped)]
    return About(
        project=first.project if len(projects) == 1 else 0,
        event_id=str(meta.get("event_id") or ""),
        items=tuple(dict.fromkeys(categories)),
        client=str(meta.get("client") or meta.get("user_agent") or ""),
        received_at=first.received_at,
    )


def _kept(categories: Any, dropped: Mapping[int, object]) -> list[Any]:
    """The categories of the items that were not refused at the edge, or handled apart from this."""
    found = categories if isinstance(categories, list) else []
    return [category for position, category in enumerate(found) if position not in dropped]


def _of_json(data: bytes) -> About:
    task = msgspec.json.decode(data, type=_Task)
    told = task.notification or task
    key = delivery_key(task.target, told.id) if task.notification is not None else ""
    return About(told.project, told.event_id, (told.kind or told.type,), key=key, received_at=told.at)


def delivery_key(target: int, notification: str) -> str:
    """What a letter of a delivery that was given up is known by."""
    return one_line(f"{target} {notification}", LONGEST_NAME)


def mark_of(message: Message) -> Mark:
    """What a store remembers a message by. A part of another bears its place in that one, and one that was handed back
    the mark of the letter it lay in: publishing it twice, even days apart, counts it once.
    """
    told = message.headers.get(PART) or message.headers.get(RETRIED, "")
    stream, _, number = told.rpartition("/")
    return (stream, int(number)) if stream and ROW.fullmatch(number) else (message.stream, message.seq)
