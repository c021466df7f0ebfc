"""JSON that claims to be an event: normalised, enriched, scrubbed, grouped, and encoded for a store."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from amber.digesting.describe import culprit, title
from amber.errors import Reject
from amber.model import Body, Event, Grouping, Json, Project
from amber.model.stacks import chain_of, stack_from
from amber_enrichment import release, scrub
from amber_grouping import stack
from amber_ingest.normalise import (
    Arrival,
    normalise_event,
    normalise_feedback,
    normalise_security,
    read_json,
)

from .decoder import Decoder, Run, json_of, text_of

Normalise = Callable[[object, Arrival], Event]
ARRIVAL = Arrival(7, 1_795_300_000.0, None, "203.0.113.9", "Mozilla/5.0 Firefox/141.0", "fuzz/1.0", "", "event")
SHOP = Project(42, 1, "shop", "Shop", "python", 0.0)


def decoders() -> list[Decoder]:
    """Reading JSON, the three kinds of events, and what plugins do with them."""
    return [
        Decoder("json", lambda: read_json, (ValueError,)),
        Decoder("event", lambda: _normalised(normalise_event), (Reject,)),
        Decoder("security_report", lambda: _normalised(normalise_security), (Reject,)),
        Decoder("feedback", lambda: _normalised(normalise_feedback), (Reject,)),
        Decoder("scrub", _scrub, ()),
        Decoder(
            "scrub_text",
            _scrub_text,
            (),
            longest=1 << 18,
            seeds=lambda: [b"Authorization: Basic dXNlcjpwYXNzd29yZA=="],
        ),
        Decoder("grouping", _group, ()),
        Decoder("stack", _stack, (), seeds=lambda: [b'{"frames":[{"function":1,"lineno":"x"}]}']),
        Decoder("release", _release, ()),
    ]


def digest(events: Sequence[Event], project: Project = SHOP) -> object:
    """What a worker would store of these events; whatever it stores must be JSON and know who it is."""
    enriched = release.enrich_events(events)
    added = [
        msgspec.structs.replace(event, additions={"release": more}) if more else event
        for event, more in zip(events, enriched, strict=True)
    ]
    scrubbed = scrub.scrub_events(added, project)
    groupings = stack.group_events(scrubbed)
    return [_stored(event, grouping) for event, grouping in zip(scrubbed, groupings, strict=True)]


def _stored(event: Event, grouping: Grouping) -> object:
    assert stack.key_of(grouping.mechanism, grouping.version, grouping.parts) == grouping.key
    body = msgspec.json.encode({"data": dict(event.data), "additions": event.additions, "grouping": grouping})
    body.decode()  # text that is none would break whoever reads it
    assert msgspec.json.decode(event.body.encoded) == msgspec.json.decode(msgspec.json.encode(dict(event.data)))
    return body, title(event), culprit(event), event.user, event.level


def _normalised(normalise: Normalise) -> Run:
    def run(data: bytes) -> object:
        try:
            value = read_json(data)
        except ValueError:
            return None
        if not isinstance(value, dict):  # the reader before it refuses whatever is no object
            return None
        return digest([normalise(value, ARRIVAL)])

    return run


def _scrub() -> Run:
    """`{"data": …, "settings": …}`: a body in normal form or not, and what a project says of secrets."""

    def run(data: bytes) -> object:
        given = json_of(data)
        if not isinstance(given, dict) or not isinstance(given.get("data"), dict):
            return None
        settings = given.get("settings")
        project = msgspec.structs.replace(SHOP, settings=settings if isinstance(settings, dict) else {})
        data = given["data"]
        as_they_came = {name: Json(json.dumps(field).encode()) for name, field in data.items()}
        return [event.body.encoded for event in scrub.scrub_events([_event(data), _event(Body(as_they_came))], project)]

    return run


def _stack() -> Run:
    return lambda data: (stack_from(json_of(data)), chain_of(Body({"exception": json_of(data)})))


def _scrub_text() -> Run:
    """A text everywhere a text can stand; a long one in one place, since an event's size is bounded as a whole."""

    def run(data: bytes) -> object:
        text = data.decode("utf-8", "replace")
        if len(text) > 1 << 16:
            [event] = scrub.scrub_events([_event({"extra": {"text": text}})], SHOP)
            return msgspec.json.encode(dict(event.data))
        body: dict[str, Any] = {
            "logentry": {"formatted": text},
            "request": {"url": text, "query_string": [[text, text]], "headers": [["X-It", text]], "data": text},
            "extra": {text[:200]: text},
            "exception": {"values": [{"value": text, "stacktrace": {"frames": [{"context_line": text}]}}]},
        }
        [event] = scrub.scrub_events([_event(body)], SHOP)
        return msgspec.json.encode(dict(event.data))

    return run


def _group() -> Run:
    """A body as it leaves the normaliser; what the normaliser would refuse to let through is left out."""

    def run(data: bytes) -> object:
        given = json_of(data)
        if not isinstance(given, dict):
            return None
        event = normalise_event(given, ARRIVAL)
        [first], [second] = stack.group_events([event]), stack.group_events([event])
        assert first == second
        return first

    return run


def _release() -> Run:
    def run(data: bytes) -> object:
        return release.enrich_events([_event({"release": text_of(data)})])

    return run


def _event(data: Mapping[str, Any]) -> Event:
    return Event("0" * 32, 42, "error", 1.7e9, 1.7e9, data)
