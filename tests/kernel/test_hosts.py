"""What a process makes of what a plugin that runs elsewhere says of itself."""

import asyncio
import signal
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import msgspec
import pytest

from amber import registry
from amber.config import BusConfig, Settings
from amber.errors import Unavailable
from amber.hosting.ends import ENDS, TOO_MANY
from amber.hosting.refusals import LOG
from amber.hosting.rpc import Given, Hello, Reply, encode
from amber.kernel import Kernel
from amber.processes.natsserver import OWNER
from amber.processes.supervisor import Child, Supervisor
from amber.registry import Plugin, State
from amber.running import hosts
from amber.running.hosts import Hosts
from amber.testing.memorybus import MemoryBus

pytestmark = pytest.mark.anyio


class Answering(MemoryBus):
    """A bus with a plugin's process at its other end, which says this whenever it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.said, self.asked = Hello(), 0
        self.subjects: set[str] = set()
        self.failure: Exception | None = None

    async def request(self, subject: str, data: bytes, seconds: float) -> bytes:
        self.asked += 1
        self.subjects.add(subject)
        if self.failure is not None:
            raise self.failure
        return encode(Reply(msgspec.Raw(encode(self.said))))

    async def heard(self, said: Hello) -> None:
        """Wait until this was said, and understood."""
        self.said, before = said, self.asked
        while self.asked < before + 2:
            await asyncio.sleep(0.001)


@pytest.fixture
def guest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Callable[..., EntryPoint]
) -> tuple[Kernel, Plugin, Answering]:
    entry = install("late")
    monkeypatch.setattr(registry.importlib.metadata, "entry_points", lambda group: (entry,))
    monkeypatch.setattr(hosts, "PERIOD", 0.001)
    monkeypatch.setattr(hosts, "EAGER", 0.001)
    monkeypatch.setattr(hosts, "LOOK", 0.001)
    kernel = Kernel(Settings(plugins={"late": {"enabled": True}}), tmp_path, {})
    kernel.bus = bus = Answering()
    kernel.registry.open("late")
    return kernel, kernel.registry.plugins["late"], bus


async def test_a_plugin_runs_once_its_own_build_says_hello_and_not_the_one_before_it(
    guest: tuple[Kernel, Plugin, Answering],
) -> None:
    kernel, plugin, bus = guest
    running = asyncio.create_task(Hosts(kernel).run())
    await bus.heard(Hello("0.0", "0.0-old"))
    assert plugin.state is State.STARTING
    await bus.heard(Hello("0.0", "0.0-old", problem="the tape is missing"))
    assert plugin.state is State.STARTING
    await bus.heard(Hello("0.1", plugin.build))
    assert plugin.state is State.RUNNING
    running.cancel()


async def test_a_plugin_whose_own_build_cannot_start_has_failed(guest: tuple[Kernel, Plugin, Answering]) -> None:
    kernel, plugin, bus = guest
    running = asyncio.create_task(Hosts(kernel).run())
    await bus.heard(Hello("0.1", plugin.build, problem="the tape is missing"))
    assert (plugin.state, plugin.reason) == (State.FAILED, "the tape is missing")
    running.cancel()


async def ended(running: "asyncio.Task[None]") -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_one_that_nobody_answers_for_waits_and_runs_again_as_soon_as_it_says_hello(
    guest: tuple[Kernel, Plugin, Answering],
) -> None:
    kernel, plugin, bus = guest
    running = asyncio.create_task(Hosts(kernel).run())
    await bus.heard(Hello("0.1", plugin.build))
    bus.failure = Unavailable("nobody answers")
    while plugin.state is State.RUNNING:
        await asyncio.sleep(0.001)
    assert (plugin.state, plugin.reason) == (State.STARTING, "nobody answers: what is meant for it waits")
    bus.failure = None
    await bus.heard(Hello("0.1", plugin.build))
    assert (plugin.state, plugin.reason) == (State.RUNNING, "")
    await ended(running)


async def test_one_whose_hello_is_rubbish_has_failed(guest: tuple[Kernel, Plugin, Answering]) -> None:
    kernel, plugin, bus = guest
    bus.failure = ValueError("it is nested too deep")
    running = asyncio.create_task(Hosts(kernel).run())
    while plugin.state is not State.FAILED:
        await asyncio.sleep(0.001)
    assert plugin.reason == "its hello cannot be understood: it is nested too deep"
    await ended(running)


class Process(Supervisor):
    """Notes what is done to a plugin's process, which never is one."""

    def __init__(self) -> None:
        super().__init__()
        self.children: list[Child] = []
        self.sent: list[int] = []
        self.stopped: list[str] = []

    def start(self, child: Child) -> None:
        self.children.append(child)

    def send(self, name: str, signum: int) -> None:
        self.sent.append(signum)

    async def stop(self, name: str) -> None:
        self.stopped.append(name)


async def test_a_process_that_hangs_or_never_says_hello_is_ended(
    guest: tuple[Kernel, Plugin, Answering], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kernel, plugin, bus = guest
    process = Process()
    hosting = Hosts(kernel, process)
    running = asyncio.create_task(hosting.run())
    await bus.heard(Hello("0.1", plugin.build))
    told = msgspec.json.decode(process.children[0].given, type=Given)
    assert bus.subjects == {f"amber.v1.rpc.late.hello-{told.process}"}, "and not whichever answers"
    bus.failure = TimeoutError("no answer")
    while not process.sent:
        await asyncio.sleep(0.001)
    assert (plugin.state, plugin.reason) == (State.STARTING, "its process hangs; what is meant for it waits")
    process.children[0].ended(TOO_MANY)
    assert plugin.reason == f"{ENDS[TOO_MANY]}; what is meant for it waits"
    process.children[0].ended(9)
    assert plugin.reason == "its process ended with code 9; what is meant for it waits"
    assert kernel.report()[0]["restarts"] == 2
    process.children[0].ended("No such file")
    assert plugin.reason == "No such file; what is meant for it waits"
    monkeypatch.setattr(hosts, "START", 0.0)
    bus.failure = Unavailable("nobody answers")
    while "its process said nothing for 0 s and is started anew" not in caplog.text:
        await asyncio.sleep(0.001)
    assert set(process.sent) == {signal.SIGINT}
    await ended(running)
    await hosting.close()
    assert process.stopped == ["plugin-late"]


async def test_what_its_own_process_says_was_refused_is_counted_once(guest: tuple[Kernel, Plugin, Answering]) -> None:
    kernel, plugin, bus = guest
    running = asyncio.create_task(Hosts(kernel, Process()).run())
    for refused in (2, 2, 3, 1):  # its process was started anew before the last
        await bus.heard(Hello("0.1", plugin.build, refused=refused, refusal="publish to x"))
    cost = kernel.metrics.cost("late")
    assert (cost.errors, cost.last_error) == (4, "refused: publish to x")
    await ended(running)


async def test_what_its_own_process_refused_it_is_counted_once_and_by_rights_there_are(
    guest: tuple[Kernel, Plugin, Answering],
) -> None:
    kernel, plugin, bus = guest
    running = asyncio.create_task(Hosts(kernel, Process()).run())
    for times in (2, 2, 3, 1):  # its process was started anew before the last
        told = {"hosts": times, "whatever it likes": 7}
        await bus.heard(Hello("0.1", plugin.build, overstepped=told, overstep="it lacks rights.hosts"))
    cost = kernel.metrics.cost("late")
    assert (cost.refused, cost.last_error) == (4, "it lacks rights.hosts")
    await ended(running)


async def test_what_the_servers_log_says_was_refused_is_counted_instead(
    guest: tuple[Kernel, Plugin, Answering], caplog: pytest.LogCaptureFixture
) -> None:
    kernel, plugin, bus = guest
    kernel.settings = msgspec.structs.replace(kernel.settings, bus=BusConfig(user=OWNER, token="t0ken"))
    log = kernel.data / "nats" / LOG
    log.parent.mkdir()
    log.touch()
    hosting = Hosts(kernel, Process())
    running = asyncio.create_task(hosting.run())
    await bus.heard(Hello("0.1", plugin.build, refused=5, refusal="what it says itself"))
    head = '[7] 2026/11/23 15:13:57.8 [ERR] 127.0.0.1:5 - cid:3 - "v2:x" - '
    line = head + '"$G/user:plugin-{}" - Publish Violation - Subject "a.b"\n'
    while "was refused" not in caplog.text:
        with log.open("a") as out:
            out.write(line.format("late") + line.format("nobody"))
        await asyncio.sleep(0.01)
    assert "plugin late was refused" in caplog.text
    assert kernel.metrics.cost("late").last_error == "refused: Publish Violation: a.b"
    await ended(running)
    await hosting.close()


async def test_a_plugin_whose_secrets_cannot_be_found_is_not_started(
    guest: tuple[Kernel, Plugin, Answering],
) -> None:
    kernel, plugin, _ = guest
    kernel.registry._settings = Settings(plugins={"late": {"enabled": True, "key": {"env": "NOT_THERE"}}})
    process = Process()
    hosting = Hosts(kernel, process)
    running = asyncio.create_task(hosting.run())
    while plugin.state is not State.FAILED:
        await asyncio.sleep(0.001)
    assert plugin.reason == "the environment has no variable NOT_THERE, which amber.toml names"
    assert process.children == []
    del kernel.registry.plugins["late"]
    while hosting._known:
        await asyncio.sleep(0.001)
    await ended(running)
