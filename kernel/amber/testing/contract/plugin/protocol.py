"""Protocols: whatever comes is read or refused at the edge, and decoded without an error by a worker."""

import re
from collections.abc import Iterator
from itertools import product

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from amber.errors import Reject
from amber.model import (
    Credential,
    Decoded,
    IngestProtocol,
    IngestRequest,
    IngestRoute,
    OutcomeCount,
    Reading,
    Reply,
    Submission,
)
from amber.testing.bench import Bench
from amber.testing.contract.plugin.base import Contract
from amber.testing.events import PROJECT
from amber.testing.stores import HOSTILE_TEXTS, NOON
from amber.testing.strategies import envelopes
from amber.testing.subject import Subject
from amber.wire.paths import pattern_of

ENCODINGS = ("", "gzip", "deflate", "br", "zstd", "identity", "nobodys", "gzip, gzip")
BODIES = (b"", b"{}", b"null", b"\x00\xff" * 30, b"[" * 3000, b"\x1f\x8b\x08\x00broken", b"a=b&c=d")
MANY = settings(
    max_examples=60, deadline=None, database=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck)
)
HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")


def requests(route: IngestRoute) -> Iterator[IngestRequest]:
    """Requests to a route by clients that are mistaken, broken or evil."""
    place = dict.fromkeys(re.findall(r"\{(\w+)\}", route.path), "1")
    bare = IngestRequest(route.methods[0], route.name, place, {}, {}, b"", "192.0.2.1", NOON)
    for body, encoding in product(BODIES, ENCODINGS):
        yield replace(bare, body=body, headers={"content-encoding": encoding, "content-type": "application/json"})
    for text in HOSTILE_TEXTS:
        every = dict.fromkeys(("authorization", "x-sentry-auth", "user-agent", "content-type", "cookie"), text)
        yield replace(bare, headers=every, path=dict.fromkeys(place, text), query={"key": text}, body=text.encode())


def submissions(protocol: IngestProtocol, bodies: "st.SearchStrategy[bytes]") -> "st.SearchStrategy[Submission]":
    """What a worker may find on the bus, whoever wrote it there."""
    return st.builds(
        Submission,
        id=st.just("s1"),
        protocol=st.just(protocol.name),
        route=st.sampled_from([route.name for route in protocol.routes]),
        project=st.just(PROJECT.id),
        received_at=st.just(NOON),
        encoding=st.sampled_from(ENCODINGS[:2]),
        body=bodies,
        dropped=st.dictionaries(st.integers(0, 3), st.just(OutcomeCount(1, "error", "filtered", "x")), max_size=2),
    )


class ProtocolContract(Contract):
    suite = "protocol"
    tier = "silver"

    @classmethod
    def fits(cls, subject: Subject) -> bool:
        """Whether it speaks a protocol."""
        return "ingest_protocols" in subject.hooks

    def spoken(self, bench: Bench) -> list[IngestProtocol]:
        """Its protocols."""
        return list(bench.ask("ingest_protocols"))

    def test_the_kernel_takes_its_protocols(self, bench: Bench) -> None:
        assert bench.run(bench.kernel.protocols())[bench.subject.name], "answer IngestProtocols"
        assert all(isinstance(one, IngestProtocol) for one in self.spoken(bench)), "answer a list of IngestProtocol"

    def test_routes_can_be_told_apart_and_have_bounds(self, bench: Bench) -> None:
        for protocol in self.spoken(bench):
            names = [route.name for route in protocol.routes]
            assert names, "a protocol without a route is spoken nowhere"
            assert len(set(names)) == len(names), "give each route a name of its own"
            assert [one.name for one in protocol.routes if one.max_body <= 0] == [], "max_body is in bytes"
            assert [one.path for one in protocol.routes if not pattern_of(one).pattern.startswith("/")] == []

    def test_headers_can_be_sent(self, bench: Bench) -> None:
        stray = [name for one in self.spoken(bench) for name, _ in one.cors if not HEADER.fullmatch(name)]
        assert stray == [], "write the names of headers in lower case"

    def test_every_request_is_read_or_refused(self, bench: Bench) -> None:
        for protocol in self.spoken(bench):
            for request in (one for route in protocol.routes for one in requests(route)):
                self._take(protocol, request)

    def _take(self, protocol: IngestProtocol, request: IngestRequest) -> None:
        hint = "raise Reject with the status and the reason for what cannot be read, and nothing else"
        try:
            shown = protocol.credential(request)
            reading = protocol.read(request, PROJECT.id)
            reply = protocol.reply(request, reading)
        except Reject as refused:
            self._refused(protocol, request, refused)
        except Exception as error:
            raise AssertionError(f"{hint}: {type(error).__name__}: {error} for {request}"[:1000]) from error
        else:
            assert isinstance(shown, Credential), "credential answers a Credential"
            assert isinstance(reading, Reading), "read answers a Reading"
            assert isinstance(reply, Reply), "reply answers a Reply"
            assert isinstance(msgspec.json.encode(reading.meta), bytes), "`meta` holds what JSON can"

    def _refused(self, protocol: IngestProtocol, request: IngestRequest, refused: Reject) -> None:
        is_clients = 400 <= refused.status < 500
        assert is_clients, f"{refused.status}: what a client sends wrongly is 4xx"
        told = protocol.refuse(request, refused.status, refused.detail, refused.causes)
        assert isinstance(told, Reply), "refuse answers a Reply"
        assert told.status >= 400, "a refusal must not look like a success"

    def test_decoding_never_fails(self, bench: Bench) -> None:
        for protocol in self.spoken(bench):
            anything = st.binary(max_size=300) | st.sampled_from(BODIES) | envelopes()
            self._survive(protocol, submissions(protocol, anything))

    def _survive(self, protocol: IngestProtocol, found: "st.SearchStrategy[Submission]") -> None:
        @MANY
        @given(submission=found)
        def survive(submission: Submission) -> None:
            self._decode(protocol, submission)

        survive()

    def _decode(self, protocol: IngestProtocol, submission: Submission) -> None:
        try:
            first = protocol.decode(submission)
        except Exception as error:
            hint = "decode must never raise for what is in a body: count it as an outcome"
            raise AssertionError(f"{hint} ({type(error).__name__}: {error})") from error
        assert isinstance(first, Decoded), "decode answers a Decoded"
        assert protocol.decode(submission) == first, "decode must give the same at every delivery"
