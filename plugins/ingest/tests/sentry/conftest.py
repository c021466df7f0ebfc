"""A client of the protocol without a network: requests in, what the kernel would get out."""

import json

import pytest

from amber import Context
from amber.model import Decoded, IngestProtocol, IngestRequest, Reading, Submission
from amber.testing.contexts import make_context
from amber_ingest import sentry

KEY = "abcdef0123456789abcdef0123456789"
EVENT_ID = "fc6d8c0c43fc4630ad850ee518f1b9d0"
NOW = 1_795_375_937.0
AUTH = {"x-sentry-auth": f"Sentry sentry_key={KEY}, sentry_version=7, sentry_client=sentry.python/2.75.0"}


class Client:
    """Speaks to one protocol as the kernel does."""

    key, event_id, now, auth = KEY, EVENT_ID, NOW, AUTH

    def __init__(self, protocol: IngestProtocol) -> None:
        self.protocol = protocol

    def request(self, body: bytes = b"", route: str = "envelope", headers=AUTH, **more) -> IngestRequest:
        defaults = {"method": "POST", "path": {"project": "42"}, "query": {}, "client_ip": "203.0.113.7"}
        return IngestRequest(route=route, headers=headers, body=body, received_at=NOW, **{**defaults, **more})

    def read(self, request: IngestRequest, project: int = 42) -> Reading:
        return self.protocol.read(request, project)

    def submission(self, request: IngestRequest, dropped=None) -> Submission:
        return self._submission(request, self.read(request), 42, dropped or {})

    @staticmethod
    def _submission(request: IngestRequest, reading: Reading, project: int, dropped) -> Submission:
        body = request.body if reading.body is None else reading.body
        return Submission(
            "s1", "sentry", request.route, project, NOW, reading.encoding, reading.meta, dropped, body=body
        )

    def deliver_as(self, request: IngestRequest, reading: Reading, project: int) -> Decoded:
        return self.protocol.decode(self._submission(request, reading, project, {}))

    def deliver(self, request: IngestRequest, dropped=None) -> Decoded:
        return self.protocol.decode(self.submission(request, dropped))

    def answer(self, request: IngestRequest):
        return self.protocol.reply(request, self.read(request))

    @staticmethod
    def envelope(*items: tuple[dict, bytes], **headers) -> bytes:
        lines = [json.dumps(headers).encode()]
        for head, payload in items:
            lines += [json.dumps({"length": len(payload), **head}).encode(), payload]
        return b"\n".join(lines) + b"\n"

    def event(self, **fields) -> bytes:
        """An envelope with one event."""
        payload = json.dumps({"message": "it broke", **fields}).encode()
        return self.envelope(({"type": "event"}, payload), event_id=EVENT_ID)


def protocol(**config) -> IngestProtocol:
    return sentry.ingest_protocols(make_context(sentry, sentry.Config(**config)))[0]


@pytest.fixture(scope="session")
def client() -> Client:
    return Client(protocol())


@pytest.fixture(scope="session")
def small_client() -> Client:
    """Where a request may grow to 2 MiB."""
    return Client(protocol(max_inflated=2 * 1024 * 1024))


class Blobs(dict):
    """A blob store in memory."""

    def put(self, key: str, data: bytes) -> None:
        self[key] = data


class Rows(list):
    """The part of an event store that takes attachments."""

    def write_attachments(self, rows) -> None:
        self.extend(rows)


@pytest.fixture
def context() -> Context:
    """A context with the rights of the plugin's own manifest."""
    return make_context(sentry, sentry.Config(), blob_store=Blobs(), event_store=Rows())
