import bz2
import gzip
import json
import lzma
import struct

import msgspec
import pytest
import zstandard

from amber.errors import Reject

CRASHED_AT = 1_795_375_000
DUMP = b"MDMP" + b"\0" * 16 + struct.pack("<I", CRASHED_AT) + b"\0" * 8
BOUNDARY = "----crashpad"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(*fields: tuple[str, str | None, bytes]) -> bytes:
    """Fields as (name, filename or None, bytes)."""
    body = b""
    for name, filename, data in fields:
        extra = f'; filename="{filename}"\r\ncontent-type: text/plain' if filename is not None else ""
        head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"{extra}\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def crash(client, *fields, dump: bytes = DUMP, filename: str = "app.dmp"):
    return client.request(form(("upload_file_minidump", filename, dump), *fields), "minidump", FORM)


def test_a_minidump_becomes_an_event_with_attachments(client):
    request = crash(client, ("log", "app.log", b"line"), ("sentry", None, b'{"release":"app@1","tags":{"a":"b"}}'))
    reading = client.read(request)
    assert [note.type for note in reading.items] == ["event", "attachment", "attachment"]
    decoded = client.deliver(request)
    (event,) = decoded.events
    assert (event.level, event.text("platform"), event.text("release")) == ("fatal", "native", "app@1")
    assert event.data["exception"]["values"][0]["type"] == "Minidump"
    assert event.timestamp == CRASHED_AT
    dump, log = decoded.items
    assert (dump.payload, dump.headers["attachment_type"], dump.headers["filename"]) == (
        DUMP,
        "event.minidump",
        "app.dmp",
    )
    assert (log.payload, log.headers["attachment_type"], log.headers["filename"]) == (
        b"line",
        "event.attachment",
        "app.log",
    )
    assert {item.event_id for item in decoded.items} == {event.id}


def test_the_id_is_answered_with_dashes(client):
    request = crash(client, ("sentry", None, json.dumps({"event_id": client.event_id}).encode()))
    reply = client.answer(request)
    assert (reply.status, reply.content_type) == (200, "text/plain")
    assert reply.body == b"fc6d8c0c-43fc-4630-ad85-0ee518f1b9d0"


def test_a_dump_may_be_the_whole_body(client):
    request = client.request(DUMP, "minidump", {"content-type": "application/x-dmp"})
    decoded = client.deliver(request)
    assert [item.payload for item in decoded.items] == [DUMP]
    assert len(decoded.events) == 1


def test_the_event_file_wins_over_the_field_and_that_over_its_keys(client):
    fields = (
        ("sentry[release]", None, b"keys"),
        ("sentry[environment]", None, b"keys"),
        ("sentry[user][id]", None, b"7"),
        ("sentry[user][id][deeper]", None, b"x"),
        ("sentry" + "[a]" * 20, None, b"too deep to keep"),
        ("sentry__2", None, b'"field", "dist": "field"}'),
        ("sentry__1", None, b'{"environment":'),
        ("__sentry-event", "__sentry-event", msgspec.msgpack.encode({"dist": "file", "level": "error"})),
        ("__sentry-breadcrumb1", "__sentry-breadcrumb1", b"\x80"),
    )
    decoded = client.deliver(crash(client, *fields))
    data = decoded.events[0].data
    assert (data["release"], data["environment"], data["dist"]) == ("keys", "field", "file")
    assert (data["user"]["id"], data["level"]) == ("7", "error")
    assert [item.headers["attachment_type"] for item in decoded.items] == ["event.minidump", "event.breadcrumbs"]


@pytest.mark.parametrize(
    "data", [b"\x85\xa1", b"\x01", b"", msgspec.msgpack.encode({"a": msgspec.msgpack.Ext(7, b"x")}), b"\x91" * 5000]
)
def test_an_event_file_nobody_can_read_costs_nothing_else(client, data):
    assert len(client.deliver(crash(client, ("__sentry-event", "e", data))).events) == 1


def test_a_dump_too_short_for_a_time_is_kept(client):
    (event,) = client.deliver(crash(client, dump=b"MDMP")).events
    assert event.timestamp == client.now


def test_the_exception_a_reporter_gives_is_kept(client):
    given = b'{"exception": {"values": [{"type": "SIGSEGV"}]}}'
    assert client.deliver(crash(client, ("sentry", None, given))).events[0].chain[0].type == "SIGSEGV"


def test_a_packed_dump_has_a_bound(client, monkeypatch):
    monkeypatch.setattr("amber_ingest.sentry.packing.MAX_DUMP", 1000)
    for pack in (gzip.compress, bz2.compress, zstandard.ZstdCompressor().compress):
        with pytest.raises(Reject) as refused:
            client.read(crash(client, dump=pack(DUMP + bytes(1000))))
        assert refused.value.status == 413


@pytest.mark.parametrize(
    ("pack", "suffix"),
    [
        (gzip.compress, ".gz"),
        (bz2.compress, ".bz2"),
        (lzma.compress, ".xz"),
        (zstandard.ZstdCompressor().compress, ".zst"),
    ],
)
def test_a_packed_dump_is_unpacked(client, pack, suffix):
    dump = client.deliver(crash(client, dump=pack(DUMP), filename=f"app.dmp{suffix}")).items[0]
    assert (dump.payload, dump.headers["filename"]) == (DUMP, "app.dmp")
    with pytest.raises(Reject) as refused:
        client.read(crash(client, dump=pack(DUMP)[:-5]))
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("body", "mime", "status", "reason"),
    [
        (b"", "application/octet-stream", 400, "empty"),
        (b"ELF", "application/octet-stream", 400, "invalid minidump"),
        (DUMP, "image/png", 415, "content type"),
        (form(("other", "a", DUMP)), FORM["content-type"], 400, "missing minidump"),
        (form(("upload_file_minidump", "a", b"MDM")), FORM["content-type"], 400, "invalid minidump"),
        (form(("upload_file_minidump", "a", DUMP))[:-10], FORM["content-type"], 400, "multipart"),
        (b"no form", "multipart/form-data", 400, "multipart"),
        (b"BZh garbage", "application/x-dmp", 400, "container"),
    ],
)
def test_what_holds_no_minidump_is_refused(client, body, mime, status, reason):
    with pytest.raises(Reject, match=reason) as refused:
        client.read(client.request(body, "minidump", {"content-type": mime}))
    assert refused.value.status == status


@pytest.mark.parametrize("text", [b"{", b"7", b'{"a":' * 990 + b"1" + b"}" * 990])
def test_a_broken_sentry_field_is_refused(client, text):
    with pytest.raises(Reject) as refused:
        client.read(crash(client, ("sentry", None, text)))
    assert refused.value.status == 400


def late(client, body: bytes, mime: str = FORM["content-type"], event_id: str = ""):
    path = {"project": "42", "event_id": event_id or client.event_id}
    return client.request(body, "attachments", {"content-type": mime}, path=path)


def test_attachments_may_follow_their_event(client):
    request = late(client, form(("a", "one.txt", b"1"), ("note", None, b"no file"), ("b", "two.txt", b"22")))
    assert (client.answer(request).status, client.read(request).event_id) == (201, "")
    items = client.deliver(request).items
    assert [(item.type, item.payload, item.event_id) for item in items] == [
        ("attachment", b"1", client.event_id),
        ("attachment", b"22", client.event_id),
    ]
    assert items[0].headers["content_type"] == "text/plain"


@pytest.mark.parametrize(
    ("body", "mime", "event_id", "status"),
    [
        (form(("a", None, b"1")), FORM["content-type"], "", 400),
        (form(("a", "f", b"1")), FORM["content-type"], "no-id", 400),
        (b"bytes", "text/plain", "", 415),
        (form(*[("a", "f", b"1")] * 31), FORM["content-type"], "", 413),
    ],
)
def test_late_attachments_have_their_rules(client, body, mime, event_id, status):
    with pytest.raises(Reject) as refused:
        client.read(late(client, body, mime, event_id))
    assert refused.value.status == status
