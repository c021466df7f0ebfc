"""What is asked when events grow old, and who may do a job that only one may do."""

from msgspec import Struct

KNOWN_AFTER = 24 * 3600.0
"""Seconds for which the id of an event that was let go stays known, so that sending it again stores nothing.

An event nobody has counted is left alone for as long after it was received.
"""


class Held(Struct, frozen=True):
    """How many events of a project are kept, how many of them were received before a given time, and the oldest's."""

    events: int
    older: int
    oldest: float | None = None


class EventPlace(Struct, frozen=True):
    """An event in the order in which events are let go. `received_at` is in Unix seconds."""

    event_id: str
    key: str
    received_at: float


class LetGo(Struct, frozen=True):
    """What may be deleted: these ids, known to be gone before or let go now.

    `events` of them were counted by issues until now; `issues` came to an end with them.
    """

    ids: tuple[str, ...] = ()
    events: int = 0
    issues: int = 0


class Claim(Struct, frozen=True):
    """A wish to do the job `name` at a time (Unix seconds), if it was not begun within the `every` seconds before.

    The job is the holder's for `lease` seconds.
    """

    name: str
    holder: str
    at: float
    lease: float
    every: float
