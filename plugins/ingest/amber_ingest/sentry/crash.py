"""Crash reports: minidumps with their forms, and files that follow an event later."""

import re
import struct
from typing import Any

import msgspec

from amber.errors import Reject
from amber_ingest.sentry.envelope import Envelope, EnvelopeItem
from amber_ingest.sentry.packing import unpack_dump
from amber_ingest.sentry.payloads import read_object, write_object
from amber_ingest.wire.forms import Field, is_form, mime_type, read_form

DUMP_FIELD = "upload_file_minidump"
DUMP_MIMES = frozenset({"application/octet-stream", "application/x-dmp"})
DUMP_MAGIC = (b"MDMP", b"PMDM")
EVENT_FILE = "__sentry-event"
KNOWN_FILES = {"__sentry-breadcrumb1": "event.breadcrumbs", "__sentry-breadcrumb2": "event.breadcrumbs"}
FILE = "event.attachment"
PIECE = re.compile(r"sentry__([0-9]{1,6})")
MAX_DEPTH = 10
"""`sentry[a][b]…`: keys with more levels are left out."""


def read_minidump(content_type: str, body: bytes) -> Envelope:
    """A crash as an envelope: the event it makes, the dump, then the other files.

    Raises Reject(400) where there is no minidump in it.
    """
    if not body:
        raise Reject("empty request body")
    fields = read_form(content_type, body) if is_form(content_type) else (_raw_dump(content_type, body),)
    dumps = [field for field in fields if field.name == DUMP_FIELD]
    if not dumps:
        raise Reject(f"missing minidump: the form has no field {DUMP_FIELD}")
    name, dump = unpack_dump(dumps[0].filename or "minidump.dmp", dumps[0].data)
    if not dump.startswith(DUMP_MAGIC):
        raise Reject("invalid minidump: it does not start with MDMP")
    files = [field for field in fields if field.filename is not None and field.name not in (DUMP_FIELD, EVENT_FILE)]
    event = EnvelopeItem({"type": "event"}, write_object(_crash_event(fields, dump), "crash event"))
    dumped = _attachment(Field(DUMP_FIELD, dump, name, "application/x-dmp"), "event.minidump")
    return Envelope({}, (event, dumped, *(_attachment(field, KNOWN_FILES.get(field.name, FILE)) for field in files)))


def read_attachments(content_type: str, body: bytes) -> tuple[EnvelopeItem, ...]:
    """The files of a form as attachments; raises Reject with 415 for no form and 400 for one without files."""
    if not is_form(content_type):
        raise Reject("unsupported content type: send multipart/form-data", status=415)
    files = [field for field in read_form(content_type, body) if field.filename is not None]
    if not files:
        raise Reject("the form holds no file")
    return tuple(_attachment(field, FILE) for field in files)


def _raw_dump(content_type: str, body: bytes) -> Field:
    if mime_type(content_type) not in DUMP_MIMES:
        raise Reject("unsupported content type: send multipart/form-data or application/octet-stream", status=415)
    return Field(DUMP_FIELD, body, "minidump.dmp")


def _attachment(field: Field, kind: str) -> EnvelopeItem:
    headers = {"type": "attachment", "attachment_type": kind, "filename": field.filename or field.name}
    if field.content_type:
        headers["content_type"] = field.content_type
    return EnvelopeItem(headers, field.data)


def _crash_event(fields: tuple[Field, ...], dump: bytes) -> dict[str, Any]:
    """The event of a crash. Where sources disagree the event file wins over the `sentry` field, that over its keys."""
    values = {field.name: field for field in fields}
    event = {**_keyed(fields), **_stated(values, fields), **_packed(values.get(EVENT_FILE))}
    event.setdefault("platform", "native")
    event.setdefault("level", "fatal")
    if len(dump) >= 24:
        order = "<" if dump.startswith(b"MDMP") else ">"
        event.setdefault("timestamp", struct.unpack_from(f"{order}I", dump, 20)[0])
    if not event.get("exception"):
        mechanism = {"type": "minidump", "handled": False, "synthetic": True}
        event["exception"] = {"values": [{"type": "Minidump", "value": "Native crash", "mechanism": mechanism}]}
    return event


def _stated(values: dict[str, Field], fields: tuple[Field, ...]) -> dict[str, Any]:
    """The `sentry` field, or its pieces `sentry__1` … `sentry__n` (Crashpad cuts values at 4 KB)."""
    pieces = [(int(found[1]), field.data) for field in fields if (found := PIECE.fullmatch(field.name))]
    text = values["sentry"].data if "sentry" in values else b"".join(data for _, data in sorted(pieces))
    return read_object(text, "form field sentry") if text else {}


def _packed(field: Field | None) -> dict[str, Any]:
    """The event a native SDK wrote ahead of the crash, as msgpack; a torn file gives nothing."""
    if field is None:
        return {}
    try:
        event = msgspec.msgpack.decode(field.data, type=dict[str, Any])
        return dict(msgspec.json.decode(msgspec.json.encode(event)))  # msgpack holds more kinds of values than JSON
    except (ValueError, TypeError, RecursionError):
        return {}


def _keyed(fields: tuple[Field, ...]) -> dict[str, Any]:
    """What keys such as `sentry[user][id]` spell out."""
    event: dict[str, Any] = {}
    for field in fields:
        if field.name.startswith("sentry[") and field.name.endswith("]"):
            _place(event, field.name[7:-1].split("]["), field.text)
    return event


def _place(event: dict[str, Any], path: list[str], value: str) -> None:
    if len(path) > MAX_DEPTH:
        return
    for key in path[:-1]:
        inner = event.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        event = inner
    event[path[-1]] = value
