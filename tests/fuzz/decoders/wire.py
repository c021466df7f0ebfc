"""Bytes before they mean anything: encodings, forms, envelopes, frames, containers of dumps."""

import gzip
import random
from collections.abc import Callable
from functools import partial

from amber.errors import Reject
from amber.wire import frames
from amber_ingest.sentry import envelope, packing
from amber_ingest.sentry.peeking import peek
from amber_ingest.wire import encodings
from amber_ingest.wire.forms import read_form

from .decoder import Decoder, Run, lines_of, text_of

LIMIT = 1 << 20
"""Bytes a body may grow to."""
HEAD = 4096


def decoders() -> list[Decoder]:
    """The encodings one by one, then what stands inside them."""
    named = [
        Decoder(f"inflate_{name}", partial(_inflate, name), (Reject,))
        for name in sorted(set(encodings.ALIASES.values()) - {""})
    ]
    return [
        *named,
        Decoder("form", _form, (Reject,)),
        Decoder("envelope", lambda: envelope.read_envelope, (Reject,)),
        Decoder("peek", lambda: lambda data: peek(data, LIMIT), (), seeds=_single),
        Decoder("frame", lambda: frames.decode, (Reject,)),
        Decoder("dump_container", _container, (Reject,)),
    ]


def _single() -> list[bytes]:
    """A gzip body of one item that is neither small nor repeats itself."""
    payload = b'{"message":"%s"}' % random.Random(1).randbytes(3000).hex().encode()
    headers = b'{"event_id":"%s"}\n{"type":"event","length":%d}\n' % (b"a" * 32, len(payload))
    return [gzip.compress(headers + payload, mtime=0)]


def _inflate(name: str) -> Run:
    def run(data: bytes) -> object:
        head = encodings.inflate_head(data, name, HEAD)
        assert len(head) <= HEAD
        plain = encodings.inflate(data, name, LIMIT)
        assert len(plain) <= LIMIT
        assert plain[:HEAD] == head, "the head is another one than that of the whole"
        return len(plain), plain[:64], plain[-64:]

    return run


def _form() -> Run:
    """The first line is the Content-Type."""

    def run(data: bytes) -> object:
        content_type, body = lines_of(data, 2)
        fields = read_form(text_of(content_type), body)
        assert sum(len(field.data) for field in fields) <= len(body)
        return [(field, field.text) for field in fields]

    return run


def _container() -> Callable[[bytes], object]:
    def run(data: bytes) -> object:
        name, dump = packing.unpack_dump("minidump.dmp.gz", data)
        return name, len(dump), dump[:64]

    return run
