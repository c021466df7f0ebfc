"""An AMBER client without a network: requests in, what the kernel would get out."""

import json

import pytest

from amber.model import Decoded, IngestProtocol, IngestRequest, Submission
from amber.testing.contexts import make_context
from amber_ingest import amber as plugin

KEY = "abcdef01-2345-6789-abcd-ef0123456789"
NOW = 1_795_375_937.0


class AmberClient:
    """Sends what AMBER's SDKs send."""

    now, key = NOW, KEY

    def __init__(self, protocol: IngestProtocol) -> None:
        self.protocol = protocol

    def request(self, body: object, route: str = "event", **headers: str) -> IngestRequest:
        """A request; `headers` have `_` for `-`, one that is empty is left out."""
        given = {"x_ember_key": KEY, "content_type": "application/json", "user_agent": "Python-urllib/3.11", **headers}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {name.replace("_", "-"): value for name, value in given.items() if value}
        return IngestRequest("POST", route, {}, {}, fields, data, "203.0.113.7", NOW)

    def submission(self, request: IngestRequest, dropped=None) -> Submission:
        reading = self.protocol.read(request, 42)
        return Submission(
            "s1", "amber", request.route, 42, NOW, reading.encoding, reading.meta, dropped or {}, body=request.body
        )

    def deliver(self, request: IngestRequest) -> Decoded:
        return self.protocol.decode(self.submission(request))


@pytest.fixture(scope="session")
def client() -> AmberClient:
    context = make_context(plugin, plugin.Config(max_inflated=1024 * 1024))
    return AmberClient(plugin.ingest_protocols(context)[0])


@pytest.fixture
def event() -> dict:
    """An error as the Python SDK sends it, its outermost call first."""
    frames = [
        {"function": "main", "filename": "/srv/app.py", "line": 3, "in_app": True},
        {"function": "pay", "filename": "/srv/pay.py", "line": 9, "col": 5, "in_app": True, "context_line": "1/0"},
    ]
    return {
        "event_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "project_id": "42",
        "timestamp": "2026-11-22T19:31:15Z",
        "level": "error",
        "message": "payment failed",
        "exception": {"type": "ZeroDivisionError", "message": "division by zero", "stacktrace": frames},
        "context": {
            "user": {"id": "7", "email": ""},
            "tags": {"shop": "berlin"},
            "env": "live",
            "release": "shop@1.2",
            "breadcrumbs": [{"message": "clicked", "category": "ui", "timestamp": "2026-11-22T19:31:14Z"}],
        },
        "sdk": {"name": "ember-sdk", "version": "0.1.0"},
    }
