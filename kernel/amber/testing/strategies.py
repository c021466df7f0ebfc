"""Hypothesis strategies for what plugins are given: ordinary shapes with hostile content."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from amber.model import Event, Fact, Notification
from amber.testing.events import BODIES, TEXTS, make_event
from amber.testing.stores import NOON

KINDS = ("issue.created", "issue.regressed", "issue.resolved", "issue.reopened", "issue.ignored", "issue.assigned")
ITEM_TYPES = ("event", "transaction", "attachment", "session", "client_report", "user_report", "check_in", "nobodys")
IDS = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")
TIMES = st.floats(NOON - 10**9, NOON + 10**9)


def events() -> st.SearchStrategy[list[Event]]:
    """Batches of one to four events in normal form: fields missing, null, empty, long and full of what breaks things.

    The known fields have the types that the normal form promises; whatever it leaves open holds any JSON.
    """
    bodies = st.lists(BODIES, min_size=1, max_size=4)
    return bodies.map(lambda found: [make_event(number, **body) for number, body in enumerate(found, 1)])


def facts(*types: str) -> st.SearchStrategy[Fact]:
    """Facts of these types (by default what is told of issues), whose data may lack any field and hold any text."""
    data = st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("issue_id", "short_id", "title", "culprit", "level", "event_id", "status"), TEXTS)
    )
    return st.builds(
        Fact, id=IDS, type=st.sampled_from(types or KINDS), project=st.integers(1, 2**31), at=TIMES, data=data
    )


def notifications() -> st.SearchStrategy[Notification]:
    """Notifications, test messages among them, whose words are anybody's."""
    words = dict.fromkeys(("project_slug", "project_name", "title", "culprit", "level", "short_id"), TEXTS)
    return st.builds(
        Notification,
        id=IDS,
        kind=st.sampled_from((*KINDS[:2], "test")),
        project=st.integers(1, 2**31),
        at=TIMES,
        url=st.just("https://amber.example/issues/1"),
        issue_id=st.sampled_from(("", "1")),
        event_id=IDS,
        **words,
    )


@st.composite
def envelopes(draw: st.DrawFn) -> bytes:
    """Sentry envelopes: a header and some items, with and without lengths; nothing in them need be true."""
    header = draw(st.fixed_dictionaries({"event_id": IDS}, optional={"sent_at": TEXTS, "dsn": TEXTS}))
    lines = [msgspec.json.encode(header)]
    for _ in range(draw(st.integers(0, 3))):
        payload = draw(BODIES.map(msgspec.json.encode) | st.binary(max_size=200))
        item: dict[str, Any] = {"type": draw(st.sampled_from(ITEM_TYPES))}
        if b"\n" in payload or draw(st.booleans()):
            item["length"] = len(payload)
        lines += [msgspec.json.encode(item), payload]
    return b"\n".join(lines) + draw(st.sampled_from((b"", b"\n")))
