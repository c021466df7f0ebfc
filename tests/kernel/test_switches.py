import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from amber import hookimpl, registry, switches
from amber.bus import fact_subject, switch_subject
from amber.config import Placing, Settings
from amber.digesting.outbox import publish_fact
from amber.errors import ConfigError, Reject
from amber.kernel import Kernel
from amber.model import AuditEntry, Fact, PluginSettings
from amber.registry import Plugin, State
from amber.running.worker import Worker
from amber.switches import Switchboard, read_switches
from amber.testing.memorybus import MemoryBus

pytestmark = pytest.mark.anyio
Install = Callable[..., EntryPoint]
AUDIT = AuditEntry(1, "user:1", "plugin.switch", "", 5.0)
HEARS = """
from amber import hookimpl

@hookimpl
def plugin_start(ctx):
    ctx.listen(["issue.created"], lambda fact: LISTENED.append(fact.id))
    STEPS.append("start")

@hookimpl
def plugin_stop(ctx):
    STEPS.append("stop")

@hookimpl
def on_fact(fact, ctx):
    HEARD.append(fact.id)

STEPS, HEARD, LISTENED = [], [], []
"""
CONFIGURED = """
import msgspec
from amber import hookimpl

class Config(msgspec.Struct, forbid_unknown_fields=True):
    size: int = 1

@hookimpl
def plugin_start(ctx):
    SIZES.append(ctx.config.size)

SIZES = []
"""
FACTS = 'name = "{name}"\ntitle = "T"\nsummary = "S"\nfamilies = ["x"]\n[rights]\nfacts = ["issue.created"]\n'


class Site:
    """An installation: what is on disk, what amber.toml says, and processes that share a bus."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, bus: MemoryBus) -> None:
        self.entries: list[EntryPoint] = []
        self.settings = Settings()
        self.notes: list[AuditEntry] = []
        self.rows: list[PluginSettings] = []
        self.folder, self.bus = folder, bus
        self.tasks: list[asyncio.Task[None]] = []
        monkeypatch.setattr(registry.importlib.metadata, "entry_points", self._on_disk)
        monkeypatch.setattr(registry, "placing", lambda *_: Placing())  # strangers' plugins are looked into here

    def _on_disk(self, group: str) -> tuple[EntryPoint, ...]:
        return tuple(self.entries) if group == registry.GROUP else ()

    async def process(self) -> "Process":
        kernel = Kernel(self.settings, self.folder, {})
        empty = {"organisations": tuple, "plugin_settings": lambda: tuple(self.rows), "pending_facts": lambda limit: ()}
        store = SimpleNamespace(note_change=self.notes.append, **empty)
        hooks = {name: lambda: store for name in ("event_store", "issue_store", "directory", "blob_store")}
        module = ModuleType("storage")
        for hook, function in {**hooks, "scrub_events": lambda events: events}.items():
            setattr(module, hook, hookimpl(function))
        kernel.registry.plugins["storage"] = Plugin("storage", "amber-storage", "1", State.FOUND)
        kernel.registry.add("storage", module)
        kernel.registry.heed(await read_switches(self.bus))
        await kernel.start(self.bus)
        board = Switchboard(kernel, self.bus, lambda: self.settings, lambda: self.folder / "amber.toml")
        return Process(self, kernel, board)

    def file(self, **plugins: dict[str, Any]) -> None:
        """Write amber.toml; what it holds is read by the processes, when it is written is seen by them."""
        self.settings = Settings(plugins=plugins)
        (self.folder / "amber.toml").write_text(repr(plugins))


class Process:
    def __init__(self, site: Site, kernel: Kernel, board: Switchboard) -> None:
        self.site, self.kernel, self.board = site, kernel, board

    def watch(self) -> None:
        self.site.tasks.append(asyncio.create_task(self.board.run()))

    def state(self, name: str) -> str:
        return next((row["state"] for row in self.kernel.report() if row["name"] == name), "unknown")

    async def until(self, name: str, state: str) -> None:
        while self.state(name) != state:
            await asyncio.sleep(0.01)

    def module(self, name: str) -> Any:
        return self.kernel.registry.plugins[name].module


@pytest.fixture
async def site(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bus: MemoryBus, anyio_backend: str
) -> AsyncIterator[Site]:
    made = Site(monkeypatch, tmp_path, bus)
    yield made
    for task in made.tasks:
        task.cancel()


async def test_a_plugin_installed_while_amber_runs_is_switched_on_in_every_process(
    site: Site, install: Install
) -> None:
    one, two = await site.process(), await site.process()
    two.watch()
    assert one.state("late") == "unknown"
    site.entries.append(install("late", FACTS, HEARS))
    await one.board.toggle("late", True, AUDIT)
    assert one.state("late") == "running"
    await two.until("late", "running")
    assert one.module("late").STEPS == ["start", "start"]
    assert (await site.process()).state("late") == "running"


async def test_a_plugin_switched_off_is_asked_nothing_more(site: Site, install: Install, bus: MemoryBus) -> None:
    site.entries.append(install("ear", FACTS, HEARS))
    process = await site.process()
    await process.board.toggle("ear", True, AUDIT)
    module = process.module("ear")
    await publish_fact(bus, Fact("f1", "issue.created", 1, 1.0, {}))
    await process.board.toggle("ear", False, AUDIT)
    await publish_fact(bus, Fact("f2", "issue.created", 1, 1.0, {}))
    assert (module.STEPS, module.LISTENED) == (["start", "stop"], ["f1"])
    assert process.kernel.dispatcher.plugins("on_fact") == []
    assert process.state("ear") == "disabled"
    await process.board.toggle("ear", True, AUDIT)
    await publish_fact(bus, Fact("f3", "issue.created", 1, 1.0, {}))
    assert module.LISTENED == ["f1", "f3"]


async def test_a_switch_is_noted_with_what_was_before(site: Site, install: Install) -> None:
    site.entries.append(install("ear", FACTS, HEARS))
    process = await site.process()
    await process.board.toggle("ear", True, AUDIT)
    [note] = site.notes
    assert (note.subject, note.actor) == ("plugin:ear", "user:1")
    assert (note.before, note.after) == ({"enabled": False}, {"enabled": True})


async def test_a_worker_hears_what_happened_while_a_plugin_was_off(
    site: Site, install: Install, bus: MemoryBus
) -> None:
    site.entries.append(install("ear", FACTS, HEARS))
    process = await site.process()
    stop = asyncio.Event()
    running = asyncio.create_task(Worker(process.kernel, bus).run(stop))
    await process.board.toggle("ear", True, AUDIT)
    module = process.module("ear")

    async def heard(*facts: str) -> None:
        while list(facts) != module.HEARD:
            await asyncio.sleep(0.01)

    await publish_fact(bus, Fact("f1", "issue.created", 1, 1.0, {}))
    await heard("f1")
    await process.board.toggle("ear", False, AUDIT)
    await publish_fact(bus, Fact("f2", "issue.created", 1, 1.0, {}))
    await process.board.toggle("ear", True, AUDIT)
    await heard("f1", "f2")
    stop.set()
    await running


async def test_the_file_switches_too_and_what_it_says_counts_for_more(site: Site, install: Install) -> None:
    site.entries.append(install("sized", code=CONFIGURED))
    process = await site.process()
    process.watch()
    site.file(sized={"enabled": True, "size": 2})
    await process.until("sized", "running")
    sizes = process.module("sized").SIZES
    with pytest.raises(Reject, match="decides about sized"):
        await process.board.toggle("sized", False, AUDIT)
    site.file(sized={"enabled": True, "size": 3})
    while len(sizes) < 2:
        await asyncio.sleep(0.01)
    assert sizes == [2, 3]
    site.file(sized={"enabled": False})
    await process.until("sized", "disabled")


async def test_what_was_set_elsewhere_is_read_as_soon_as_it_is_told(
    site: Site, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switches, "READ_EVERY", 1_000_000)
    site.entries.append(install("sized", code=CONFIGURED))
    site.file(sized={"enabled": True})
    process = await site.process()
    process.watch()
    await process.until("sized", "running")
    while "settings.changed" not in process.kernel._listeners._asked:
        await asyncio.sleep(0.01)
    site.rows.append(PluginSettings("sized", {"size": 5}))
    await publish_fact(site.bus, Fact("f1", "settings.changed", 0, 1.0, {}))
    sizes = process.module("sized").SIZES
    while sizes != [1, 5]:
        await asyncio.sleep(0.01)


async def test_a_file_that_cannot_be_used_changes_nothing(
    site: Site, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    site.entries.append(install("sized", code=CONFIGURED))
    process = await site.process()

    def broken() -> Settings:
        raise ConfigError("amber.toml:3: unknown key")

    process.board._settings = broken
    process.watch()
    await process.board.toggle("sized", True, AUDIT)
    (site.folder / "amber.toml").write_text("x")
    while "unknown key" not in caplog.text:
        await asyncio.sleep(0.01)
    assert process.state("sized") == "running"


async def test_a_plugin_that_failed_is_tried_again_when_its_table_changes(site: Site, install: Install) -> None:
    site.entries.append(install("sized", code=CONFIGURED))
    process = await site.process()
    await process.kernel.reconcile(Settings(plugins={"sized": {"enabled": True, "siez": 2}}), {})
    assert process.state("sized") == "failed"
    failed = process.kernel.registry.plugins["sized"]
    await process.kernel.reconcile(Settings(plugins={"sized": {"enabled": True, "siez": 2}}), {})
    assert process.kernel.registry.plugins["sized"] is failed
    await process.kernel.reconcile(Settings(plugins={"sized": {"enabled": True, "size": 2}}), {})
    assert process.state("sized") == "running"


async def test_a_plugin_uninstalled_under_our_feet_is_let_go(site: Site, install: Install) -> None:
    site.entries.append(install("ear", FACTS, HEARS))
    process = await site.process()
    await process.board.toggle("ear", True, AUDIT)
    module = process.module("ear")
    site.entries.clear()
    await process.kernel.reconcile(site.settings, await read_switches(site.bus))
    assert process.state("ear") == "unknown"
    assert module.STEPS == ["start", "stop"]


@pytest.mark.parametrize(
    ("name", "enabled", "status", "reason"),
    [
        ("nobody", True, 404, "there is no plugin 'nobody'"),
        ("storage", False, 409, "Amber cannot do without"),
        ("old", True, 409, "speaks plugin API 9"),
    ],
)
async def test_what_cannot_be_switched_is_refused_with_the_reason(
    site: Site, install: Install, name: str, enabled: bool, status: int, reason: str
) -> None:
    site.entries.append(install("old", FACTS.replace("[rights]", "api = 9\n[rights]")))
    process = await site.process()
    with pytest.raises(Reject, match=reason) as refused:
        await process.board.toggle(name, enabled, AUDIT)
    assert refused.value.status == status
    assert (await read_switches(site.bus), site.notes) == ({}, [])


async def test_what_is_no_switch_is_left_alone(site: Site, bus: MemoryBus) -> None:
    await bus.publish(switch_subject("odd"), b"{")
    assert await read_switches(bus) == {}


async def test_two_hundred_switches_leak_nothing(site: Site, install: Install, bus: MemoryBus) -> None:
    site.entries.append(install("ear", FACTS, HEARS))
    process = await site.process()
    worker, stop = Worker(process.kernel, bus), asyncio.Event()
    running = asyncio.create_task(worker.run(stop))

    async def both(times: int) -> tuple[int, int, int]:
        for _ in range(times):
            await process.board.toggle("ear", True, AUDIT)
            await publish_fact(bus, Fact(f"f{len(site.notes)}", "issue.created", 1, 1.0, {}))
            await process.board.toggle("ear", False, AUDIT)
        gc.collect()
        lanes = sum(thread.name == "plugin-ear" for thread in threading.enumerate())
        return lanes, len(asyncio.all_tasks()), len(bus._listeners)

    first = await both(2)
    assert await both(98) == first
    assert switch_subject("ear") != fact_subject("ear", 1)
    stop.set()
    await running
