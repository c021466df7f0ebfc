"""The normal form of an event, field by field and then as a whole."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import json

from amber.model import Body, Event, Json, rfc3339
from amber_ingest.normalise import attributes, contexts, device, exception, ids, legacy, times
from amber_ingest.normalise.agent import read_agent
from amber_ingest.normalise.arrival import Arrival
from amber_ingest.normalise.bags import bag
from amber_ingest.normalise.breadcrumbs import breadcrumbs
from amber_ingest.normalise.debug_meta import DEBUG_META
from amber_ingest.normalise.encoding import sound
from amber_ingest.normalise.exception import exceptions, threads
from amber_ingest.normalise.frames import stacktrace
from amber_ingest.normalise.ids import parse_id
from amber_ingest.normalise.in_app import mark_frames
from amber_ingest.normalise.logentry import logentry
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.request import request
from amber_ingest.normalise.rules import Mend, loose_text, text
from amber_ingest.normalise.sdk import default_sdk, sdk
from amber_ingest.normalise.tags import tags
from amber_ingest.normalise.transaction import TRANSACTION_FIELDS
from amber_ingest.normalise.user import USER, infer_address

FIELDS: dict[str, Mend] = {
    "platform": attributes.platform,
    "logger": attributes.logger,
    "transaction": text(200).mend,
    "culprit": text(200).mend,
    "transaction_info": bag(1024, 3).mend,
    "server_name": loose_text(256, 20).mend,
    "site": loose_text(256, 20).mend,
    "release": attributes.release,
    "environment": attributes.environment,
    "dist": attributes.dist,
    "fingerprint": attributes.fingerprint,
    "checksum": text(128).mend,
    "version": loose_text(64).mend,
    "sdk": sdk,
    "modules": bag(8192, 7).mend,
    "extra": bag(256 * 1024, 7).mend,
    "tags": tags,
    "user": USER.apply,
    "request": request,
    "logentry": logentry,
    "exception": exceptions,
    "stacktrace": stacktrace,
    "threads": threads,
    "template": bag(8192, 3).mend,
    "contexts": contexts.contexts,
    "debug_meta": DEBUG_META.apply,
    "csp": bag(8192, 4).mend,
    "expectct": bag(8192, 4).mend,
    "expectstaple": bag(8192, 4).mend,
    "hpkp": bag(8192, 4).mend,
}
ALL_FIELDS = FIELDS | TRANSACTION_FIELDS
OURS = frozenset({"received", "project", "key_id", "grouping_config", "ingest_path", "scraping_attempts", "_metrics"})
"""Fields only a server sets; what a client writes there is left out without a word."""
EARLY = frozenset({"event_id", "timestamp", "start_timestamp", "level", "type", "breadcrumbs"})
SECURITY_TYPES = ("csp", "hpkp", "expectct", "expectstaple")
CATEGORIES = {"transaction": "transaction", "feedback": "feedback"} | dict.fromkeys(SECURITY_TYPES, "security")
FALLBACK_TYPES = {"security": "csp", "raw_security": "csp"}
NOTHING: Mapping[str, Json] = MappingProxyType({})
NO_VALUES: Mapping[str, Any] = {"values": []}


def normalise_event(raw: object, arrival: Arrival, kept: Mapping[str, Json] = NOTHING) -> Event:
    """The event `raw` holds, in normal form; whatever JSON value it is, this answers and never raises.

    A field that is wrong is dropped, with a note under `_meta` and in `errors`; nothing is refused. Ownership of `raw`
    passes to the normaliser: its parts are used again and changed in place, because copying costs as much as reading.
    `kept` are further fields, known to be in normal form as they came (see `verbatim.split`).
    """
    raw = sound(raw)
    if not isinstance(raw, dict):
        notes = Notes(None, None)
        notes.bad((), "expected an object", raw)
        raw = {}
    else:
        notes = Notes(raw.pop("_meta", None), raw.pop("errors", None))
    legacy.rename(raw)
    given = raw.get("event_id")
    if not (parse_id(given) or parse_id(arrival.event_id)):
        kept = _unpacked(frozenset(kept), raw, kept)  # the id is made from all that came
    event_id = ids.event_id(given, arrival, raw, notes)
    moment, moved = times.event_time(raw.get("timestamp"), arrival, notes)
    if moved:
        kept = _unpacked(frozenset({"breadcrumbs"}), raw, kept)
    contexts.mend_trace(raw.get("contexts"), event_id, notes)
    data = _fields(raw, notes)
    if raw.get("breadcrumbs") is not None:
        data["breadcrumbs"] = breadcrumbs(raw["breadcrumbs"], notes, ("breadcrumbs",), moved)
    data["event_id"] = event_id
    is_told = not moved and times.is_normal(raw.get("timestamp"))
    data["timestamp"] = raw["timestamp"] if is_told else rfc3339(moment)
    data["type"] = _type(raw, {**data, **kept}, arrival)
    _start(raw, data, moved, notes)
    _complete(raw, data, arrival, notes)
    return _event(data, kept, (arrival, moment), notes)


def _unpacked(names: frozenset[str], raw: dict[str, Any], kept: Mapping[str, Json]) -> Mapping[str, Json]:
    """Put these fields among the plain ones; what is still kept as it came."""
    raw |= {name: json.decode(value) for name, value in kept.items() if name in names}
    return {name: value for name, value in kept.items() if name not in names}


def _fields(raw: dict[str, Any], notes: Notes) -> dict[str, Any]:
    """Every field by its own rule; those that are empty afterwards are left out."""
    known = ALL_FIELDS if raw.get("type") == "transaction" else FIELDS
    data: dict[str, Any] = {}
    for field, value in raw.items():
        if value is None or field in EARLY or field in OURS:
            continue
        mend = known.get(field)
        if mend is None:
            notes.bad((field[:64],), "", kind="invalid_attribute")
            continue
        path: Path = (field,)
        right = mend(value, notes, path)
        if (right or isinstance(right, int | float)) and right != NO_VALUES:
            data[field] = right
    return data


def _type(raw: dict[str, Any], data: Mapping[str, Any], arrival: Arrival) -> str:
    declared = raw.get("type")
    if declared in ("transaction", "feedback"):
        return str(declared)
    if arrival.item_type == "feedback":
        return "feedback"
    if data.get("exception"):
        return "error"
    return next((kind for kind in SECURITY_TYPES if data.get(kind)), FALLBACK_TYPES.get(arrival.item_type, "default"))


def _start(raw: dict[str, Any], data: dict[str, Any], moved: float, notes: Notes) -> None:
    given = raw.get("start_timestamp")
    if given is None:
        return
    start = times.move(given, moved)
    if start is None:
        notes.bad(("start_timestamp",), "expected a time", given)
    else:
        data["start_timestamp"] = start


def _complete(raw: dict[str, Any], data: dict[str, Any], arrival: Arrival, notes: Notes) -> None:
    """What follows from more than one field, and what is there even if nobody sent it."""
    default = "info" if data["type"] == "transaction" else "error"
    given = raw.get("level")
    data["level"] = default if given is None else attributes.level(given, notes, ("level",), default)
    data.setdefault("platform", "other")
    data["logger"] = attributes.shorten_logger(data.get("logger", ""), data["platform"] == "java", notes)
    if data.get("culprit"):
        data.setdefault("transaction", data["culprit"])
    _promote_tags(data, notes)
    default_sdk(data, arrival)
    infer_address(data, arrival)
    read_agent(data, arrival)
    exception.complete(data)
    mark_frames(data)
    contexts.force_trace(data, data["event_id"])


def _promote_tags(data: dict[str, Any], notes: Notes) -> None:
    """The environment leaves the tags for its own field; server name, site and the device's class become tags."""
    given = dict(data.pop("tags", ()))
    if name := attributes.environment(given.pop("environment", ""), notes, ("tags", "environment")):
        data.setdefault("environment", name)
    for field in ("server_name", "site"):
        if field in data:
            for key, value in tags({field: data.pop(field)}, notes, ("tags",)):
                given.setdefault(key, value)
    given.pop(device.TAG, None)
    strength = device.device_class(data)
    if strength:
        given[device.TAG] = strength
    if given:
        data["tags"] = [[key, value] for key, value in given.items()]


def _event(data: dict[str, Any], kept: Mapping[str, Json], when: tuple[Arrival, float], notes: Notes) -> Event:
    arrival, moment = when
    if notes.errors:
        data["errors"] = notes.errors
    if notes.meta:
        data["_meta"] = notes.meta
    return Event(
        id=data["event_id"],
        project=arrival.project,
        type=data["type"],
        timestamp=moment,
        received_at=arrival.received_at,
        data=Body({**data, **kept}) if kept else data,
        category=CATEGORIES.get(data["type"], "error"),
    )
