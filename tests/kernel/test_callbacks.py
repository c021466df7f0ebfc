"""The addresses of targets: what is sent there is on disk before its sender hears so, and nobody guesses one."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from amber.bus import TASKS
from amber.errands.callbacks import LARGEST, MOST, WINDOW, Pace, webhook_route
from amber.errands.webhooks import Received
from amber.errors import Reject, Unavailable
from amber.model import Target
from amber.problems import HANDLERS
from amber.testing.memorybus import MemoryBus
from amber.testing.targets import target


class Door:
    """The route alone, before a desk that knows one address."""

    def __init__(self, bus: MemoryBus) -> None:
        self.bus: MemoryBus | None = bus
        self.now = 0.0
        self.services = SimpleNamespace(kernel={"targets": self})
        kernel: Any = self
        route = webhook_route(kernel, Pace(lambda: self.now))
        self.client = TestClient(Litestar([route], exception_handlers=HANDLERS, openapi_config=None))

    async def addressed(self, plugin: str, address: str) -> Target:
        if (plugin, address) != ("pager", "5-digits"):
            raise Reject("no target has this address", status=404)
        return target(5)

    def post(self, path: str = "/hooks/pager/5-digits", body: bytes = b"{}", **headers: str) -> Any:
        return self.client.post(path, content=body, headers={name.replace("_", "-"): headers[name] for name in headers})


@pytest.fixture
def door(bus: MemoryBus) -> Iterator[Door]:
    made = Door(bus)
    with made.client:
        yield made


def test_what_is_taken_waits_for_the_plugin(door: Door, bus: MemoryBus) -> None:
    answer = door.post("/hooks/pager/5-digits?a=b", b"\xff please", X_Proof="mine", Authorization="ours", Cookie="c=1")
    assert answer.status_code == 202
    [message] = bus.stored(TASKS).values()
    task = msgspec.json.decode(message.data, type=Received)
    assert message.subject == "amber.v1.task.pager.webhook"
    assert (task.target, task.project, task.at) == (5, 1, task.request.at)
    assert (task.request.id, task.request.body, task.request.query) == (answer.json()["id"], b"\xff please", {"a": "b"})
    assert task.request.headers["x-proof"] == "mine"
    assert not task.request.headers.keys() & {"authorization", "cookie"}


def test_what_is_not_on_disk_is_not_taken(door: Door, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise Unavailable("the bus is away")

    monkeypatch.setattr(bus, "publish", fail)
    answer = door.post()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    door.bus = None
    assert door.post().status_code == 503


@pytest.mark.parametrize("path", ["/hooks/pager/5-digitz", "/hooks/other/5-digits", "/hooks/pager/", "/hooks/a/b/c"])
def test_an_address_that_is_nobodys_is_answered_404(door: Door, bus: MemoryBus, path: str) -> None:
    assert door.post(path).status_code == 404
    assert bus.stored(TASKS) == {}


def test_a_body_too_large_is_refused(door: Door, bus: MemoryBus) -> None:
    assert door.post(body=b"x" * LARGEST).status_code == 202
    answer = door.post(body=b"x" * (LARGEST + 1))
    assert answer.status_code == 413
    assert len(bus.stored(TASKS)) == 1


def test_whoever_sends_too_much_is_told_when_to_come_back(door: Door, bus: MemoryBus) -> None:
    statuses = [door.post().status_code for _ in range(MOST + 2)]
    assert statuses == [202] * MOST + [429] * 2
    door.now = WINDOW - 1.5
    answer = door.post()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    door.now = WINDOW
    assert door.post().status_code == 202
