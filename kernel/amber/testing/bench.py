"""A kernel with the plugin under test in it, asked the way Amber asks."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from amber.bus import FACTS, TASKS, Bus
from amber.delivering.tasks import Task
from amber.digesting.pipeline import answers_of
from amber.errands.hearing import Hearing
from amber.kernel import Kernel
from amber.model import Decoded, Event, Fact, IngestProtocol, IngestRequest, Notification, Receipt, Submission
from amber.plugin.context import Context
from amber.plugin.dispatch import Breaker
from amber.plugin.forms import fill
from amber.registry import State
from amber.testing.clock import Clock
from amber.testing.detour import PATIENCE, Detour
from amber.testing.events import PROJECT
from amber.testing.memorybus import MemoryBus
from amber.testing.peer import Peer
from amber.testing.stores import NOON
from amber.testing.subject import Subject, make_kernel
from amber.wire.paths import pattern_of

T = TypeVar("T")


def as_it_is(value: T) -> T:
    """No check at all."""
    return value


class World(Struct, frozen=True):
    """What surrounds the kernel of a test."""

    data: Path
    peer: Peer | None = None
    clock: Clock | None = None
    bus: Bus | None = None
    patience: float = PATIENCE


class Bench:
    """A real kernel that runs the plugin on an SQLite file, started when it is first needed, and the loop it lives in.

    Of Amber's other plugins only the stores run, where the plugin's rights say that it needs them. Tests are plain
    functions: what is asynchronous in Amber is waited for here.
    """

    def __init__(self, subject: Subject, world: World, runner: asyncio.Runner) -> None:
        self.subject, self._world, self._runner = subject, world, runner
        self.started: Kernel | None = None
        self.bus = world.bus or MemoryBus()

    @property
    def kernel(self) -> Kernel:
        """The kernel itself. Fails the test where the plugin does not come to run."""
        if self.started is None:
            self.started = self._made()
            self.run(self.started.start(self.bus))
            plugin = self.started.registry.plugins[self.subject.name]
            assert plugin.state is State.RUNNING, f"{self.subject.name} does not run: {plugin.reason}"
        return self.started

    def _made(self) -> Kernel:
        kernel = make_kernel(self.subject, self._world.data)
        if self._world.peer is not None:
            kernel.services.http = Detour(self._world.peer.port, self._world.patience).client
        if self._world.clock is not None:
            kernel.services.now = self._world.clock
        return kernel

    @property
    def ctx(self) -> Context[Any]:
        """What the plugin is handed: its configuration and what its rights give it."""
        return cast("Context[Any]", self.kernel.dispatcher.contexts[self.subject.name])

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine answers in the kernel's loop."""
        return self._runner.run(coroutine)

    def ask(self, hook: str, check: Callable[[Any], Any] = as_it_is, **arguments: Any) -> Any:
        """The plugin's answer, asked the way the kernel asks: within its budget, and looked at by `check`.

        `project` is that of the corpus unless it is given. Raises PluginError, or what the plugin raised on purpose.
        """
        dispatcher = self.kernel.dispatcher
        dispatcher.breaker = Breaker()  # each question stands for itself
        return self.run(dispatcher.ask(self.subject.name, hook, check, **{"project": PROJECT, **arguments}))

    def ask_of(self, hook: str, kind: type[T], events: list[Event]) -> list[T | None]:
        """What an event hook says of each event: Additions, Groupings or Events, in order."""
        return list(self.ask(hook, answers_of(kind, len(events), optional=kind is not Event), events=tuple(events)))

    def tell(self, fact: Fact) -> None:
        """Let the plugin hear a fact; what it wants people to be told of it is `queued`. Raises Retry or Reject where
        the plugin does.
        """
        self.run(Hearing(self.kernel, self.bus).hear(self.subject.name, fact))

    def deliver(self, notification: Notification, **settings: Any) -> Receipt:
        """Let the plugin deliver to a target with these settings. Raises Retry or Reject where the plugin does, and
        Reject where the settings do not fit its TargetConfig.
        """
        target = fill(self.kernel.sender.schema(self.subject.name), settings)
        return cast("Receipt", self.ask("deliver", notification=notification, target=target))

    def receive(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Decoded:
        """What becomes of a request to the plugin's protocol: taken at the edge, decoded by a worker. Raises Reject."""
        for protocol in self.run(self.kernel.protocols()).values():
            for route in protocol.routes:
                if (found := pattern_of(route).fullmatch(path)) is not None:
                    lower = {name.lower(): value for name, value in (headers or {}).items()}
                    place = found.groupdict()
                    return received(
                        protocol, IngestRequest("POST", route.name, place, {}, lower, body, "192.0.2.1", NOON)
                    )
        raise AssertionError(f"no route of {self.subject.name} matches {path}")

    def published(self, *kinds: str) -> list[Fact]:
        """The facts on the bus, oldest first; of these types where any is named."""
        messages = self.run(self.bus.browse(FACTS, 0, 10_000))
        facts = [msgspec.json.decode(message.data, type=Fact) for message in messages]
        return [fact for fact in facts if not kinds or fact.type in kinds]

    def queued(self) -> list[tuple[int, Notification]]:
        """The deliveries that wait on the bus: the id of the target, and what it is to be told."""
        messages = self.run(self.bus.browse(TASKS, 0, 10_000))
        tasks = [msgspec.json.decode(one.data, type=Task) for one in messages if one.subject.endswith(".deliver")]
        return [(task.target, task.notification) for task in tasks]

    def stop(self) -> None:
        """Let go of everything."""
        if self.started is not None:
            self.run(self.started.stop())
            self.started = None


def received(protocol: IngestProtocol, request: IngestRequest) -> Decoded:
    """A request on its way through a protocol, as edge and worker take it. Raises Reject where the edge would."""
    protocol.credential(request)
    reading = protocol.read(request, PROJECT.id)
    body = request.body if reading.body is None else reading.body
    submission = Submission("s1", protocol.name, request.route, PROJECT.id, request.received_at, body=body)
    return protocol.decode(replace(submission, encoding=reading.encoding, meta=reading.meta))
