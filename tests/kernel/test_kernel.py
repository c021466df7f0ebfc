import asyncio
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from litestar import get
from litestar.params import FromQuery
from litestar.testing import AsyncTestClient

from amber import hookimpl, registry
from amber.bus import DEAD, FACTS
from amber.config import Settings
from amber.errors import ConfigError, Denied, Reject, Unavailable
from amber.kernel import Kernel
from amber.model import Applied, Decoded, Fact, IngestProtocol, Principal, Submission
from amber.plugin.dispatch import TRIP_AFTER
from amber.plugin.manifest import Manifest, Rights
from amber.registry import Plugin, State
from amber.running import worker
from amber.running.app import Applications
from amber.running.health import Health
from amber.running.worker import Worker
from amber.testing.memorybus import MemoryBus
from amber.watching.status import Board, Status
from amber.wire import frames

pytestmark = pytest.mark.anyio
ROLES = ("event_store", "issue_store", "directory", "blob_store")
Move = Callable[..., Kernel]
PLAIN, NOTHING = Settings(), Rights()


class Store:
    """Every role at once, empty."""

    def __init__(self) -> None:
        self.is_away = False
        self.facts = [Fact("f1", "issue.created", 1, 1.0, {})]
        self.marks: list[Any] = []

    def organisations(self) -> tuple[Any, ...]:
        if self.is_away:
            raise Unavailable("the database is away")
        return ()

    def plugin_settings(self) -> tuple[Any, ...]:
        return ()

    def applied(self, marks: Any) -> frozenset[Any]:
        return frozenset()

    def apply(self, batch: Any) -> Applied:
        self.marks += batch.marks
        return Applied(0, 0)

    def write_events(self, events: Any) -> frozenset[Any]:
        return frozenset()

    def pending_facts(self, limit: int) -> tuple[Fact, ...]:
        return tuple(self.facts)

    def forget_facts(self, ids: Any) -> None:
        self.facts = []


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def move_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store) -> Move:
    """A kernel whose installed plugins are these: each a name with its hooks; `storage` holds every role."""
    monkeypatch.setattr(registry.importlib.metadata, "entry_points", lambda group: ())

    def make(settings: Settings = PLAIN, rights: Rights = NOTHING, **plugins: dict[str, Any]) -> Kernel:
        kernel = Kernel(settings, tmp_path, {})
        storage = {role: lambda: store for role in ROLES}

        def load() -> None:
            for name, hooks in {"storage": storage, **plugins}.items():
                module = ModuleType(name)
                for hook, function in hooks.items():
                    setattr(module, hook, hookimpl(function))
                manifest = Manifest(name, name.title(), "made for a test", ("ingest",), rights=rights, budget_ms=100)
                kernel.registry.plugins[name] = Plugin(name, "amber-test", "1", State.FOUND, manifest=manifest)
                kernel.registry.add(name, module)

        monkeypatch.setattr(kernel.registry, "load", load)
        return kernel

    return make


def fail(*_: Any) -> Any:
    raise ZeroDivisionError("oh")


async def test_roles_are_filled_and_plugins_started(move_in: Move, bus: MemoryBus, store: Store) -> None:
    started: list[str] = []
    kernel = move_in(a={"plugin_start": lambda ctx: started.append(ctx.plugin)})
    await kernel.start(bus)
    assert started == ["a"]
    assert kernel.stores.events is kernel.stores.directory is store
    await kernel.stop()


async def test_a_plugin_that_cannot_start_is_out_and_the_rest_runs(move_in: Move) -> None:
    kernel = move_in(a={"plugin_start": fail, "plugin_health": lambda: "x"}, b={"plugin_health": lambda: "y"})
    await kernel.start()
    states = {row["name"]: (row["state"], row["reason"]) for row in kernel.report()}
    assert states["b"] == ("running", "")
    assert states["a"][0] == "failed"
    assert "it could not start: plugin a failed in plugin_start: ZeroDivisionError: oh" in states["a"][1]
    assert kernel.dispatcher.plugins("plugin_health") == ["b"]
    await kernel.stop()


@pytest.mark.parametrize(
    ("roles", "extra", "problem"),
    [
        ({}, {"event_store": lambda: 1}, "set .roles. event_store to more or storage"),
        ({"event_store": "nobody"}, {}, "'nobody', but that plugin is not running"),
        ({"event_store": "more"}, {"event_store": fail}, "the role event_store cannot be filled: .*ZeroDivisionError"),
        ({"event_store": "more"}, {"event_store": lambda: None}, "answered None instead of a store"),
        ({"event_store": "more"}, {"no_such_hook": fail}, "has no such role: .*no_such_hook"),
    ],
)
async def test_a_role_that_cannot_be_filled_refuses_the_start(
    move_in: Move, roles: Any, extra: Any, problem: str
) -> None:
    kernel = move_in(Settings(roles=roles), more=extra)
    with pytest.raises(ConfigError, match=problem):
        await kernel.start()
    await kernel.stop()


async def test_a_named_plugin_holds_a_role_alone(move_in: Move) -> None:
    kernel = move_in(Settings(roles={"event_store": "more"}), more={"event_store": lambda: "mine"})
    await kernel.start()
    assert kernel.stores.events == "mine"
    await kernel.stop()


async def test_a_plugin_from_elsewhere_takes_over_no_role_unasked(
    move_in: Move, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = move_in(more={"event_store": lambda: "mine"})
    monkeypatch.setattr(kernel.registry, "trusted", lambda: frozenset({"storage"}))
    await kernel.start()
    assert kernel.stores.events is store
    await kernel.stop()


def tiny(name: str = "tiny") -> IngestProtocol:
    return IngestProtocol(name, (), fail, fail, fail, fail, lambda one: Decoded())


async def test_protocols_are_collected_and_rubbish_is_left_out(move_in: Move) -> None:
    kernel = move_in(
        good={"ingest_protocols": lambda: [tiny()]},
        bad={"ingest_protocols": lambda: ["tiny"]},
        worse={"ingest_protocols": fail},
    )
    await kernel.start()
    assert list(await kernel.protocols()) == ["good"]
    assert kernel.metrics.cost("bad").errors == kernel.metrics.cost("worse").errors == 1
    await kernel.stop()


async def test_a_plugin_that_trips_says_why(move_in: Move) -> None:
    kernel = move_in(a={"plugin_health": fail})
    await kernel.start()
    for _ in range(TRIP_AFTER):
        await kernel.dispatcher.collect("plugin_health", lambda value: value)
    [row] = [row for row in kernel.report() if row["name"] == "a"]
    assert (row["state"], row["errors"], row["calls"]) == ("tripped", TRIP_AFTER, TRIP_AFTER)
    assert row["reason"] == "it failed too often; last: ZeroDivisionError: oh"
    await kernel.stop()


async def test_plugins_tell_and_hear_facts_as_their_rights_allow(move_in: Move, bus: MemoryBus) -> None:
    heard: list[Fact] = []
    fact = Fact("1", "issue.created", 7, 1.0, {})
    rights = Rights(facts=("issue.created",), publish=("issue.created",))
    kernel = move_in(rights=rights, a={"plugin_start": lambda ctx: ctx.listen(["issue.created"], heard.append)})
    await kernel.start(bus)
    await kernel.listen(("issue.created",), heard.append)
    await kernel.dispatcher.contexts["a"].publish(fact)
    assert heard == [fact, fact]
    assert len(await bus.browse(FACTS, 0, 9)) == 1
    await kernel.stop()


async def test_the_engine_is_made_once(move_in: Move, tmp_path: Path) -> None:
    kernel = move_in(rights=Rights(tables=("a_*",)))
    await kernel.start()
    ctx = kernel.dispatcher.contexts["storage"]
    assert ctx.database is ctx.database is not kernel.engine()
    assert str(kernel.engine().url).endswith("amber.db")
    await kernel.stop()


async def test_what_a_plugin_oversteps_is_refused_named_and_counted(move_in: Move, bus: MemoryBus) -> None:
    def overstep(ctx: Any) -> None:
        with ctx.database.begin() as connection:
            connection.exec_driver_sql("SELECT * FROM issues")

    def publish(ctx: Any) -> Any:
        return ctx.publish(Fact("1", "issue.created", 1, 1.0, {}))

    hooks = {"a": {"plugin_health": overstep}, "b": {"plugin_health": publish}}
    kernel = move_in(rights=Rights(tables=("a_*",)), **hooks)
    await kernel.start(bus)
    with kernel.engine().begin() as connection:
        connection.exec_driver_sql("CREATE TABLE issues (id INTEGER)")
    await kernel.dispatcher.collect("plugin_health", lambda value: value)
    rows = {row["name"]: row for row in kernel.report()}
    assert [rows[name]["refused"] for name in ("a", "b", "storage")] == [1, 1, 0]
    assert rows["a"]["last_error"].endswith(
        'the table issues is not its own; its plugin.toml lacks rights.tables = ["issues"]'
    )
    assert rows["b"]["last_error"].endswith('its plugin.toml lacks rights.publish = ["issue.created"]')
    refused = [
        line for line in kernel.metrics.render().decode().splitlines() if line.startswith("amber_plugin_refusals_t")
    ]
    assert [line.partition("{")[2] for line in refused] == [
        'plugin="a",right="tables"} 1.0',
        'plugin="b",right="publish"} 1.0',
    ]
    await kernel.stop()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("op.execute('CREATE TABLE theirs (x INTEGER)')", 'lacks rights.tables = ["theirs"]'),
        ("op.execute('INSERT INTO a_nowhere VALUES (1)')", "no such table: a_nowhere"),
        ("raise KeyError('forgotten')", "KeyError: 'forgotten'"),
    ],
)
async def test_a_plugin_whose_migration_fails_does_not_run_and_all_others_do(
    move_in: Move, tmp_path: Path, body: str, reason: str
) -> None:
    versions = tmp_path / "a" / "migrations" / "versions"
    versions.mkdir(parents=True)
    source = 'from alembic import op\nrevision, down_revision = "1", None\ndef upgrade():\n    {}\n'
    (versions / "1.py").write_text(source.format(body))
    kernel = move_in(rights=Rights(tables=("a_*",)), a={"plugin_health": lambda: "x"}, b={"plugin_health": lambda: "x"})
    load = kernel.registry.load

    def move_folder() -> None:
        load()
        kernel.registry.plugins["a"].module.__file__ = str(tmp_path / "a" / "__init__.py")

    kernel.registry.load = move_folder
    await kernel.start()
    plugin = kernel.registry.plugins["a"]
    assert (plugin.state, reason in plugin.reason) == (State.FAILED, True)
    assert kernel.registry.plugins["b"].state is State.RUNNING
    await kernel.stop()


def claim_all() -> dict[str, Any]:
    return {
        "authenticate": lambda request: Principal("user") if "x-ann" in request.headers else None,
        "authorise": lambda: True,
    }


@get("/api/mine", opt={"action": "project:read"})
async def mine() -> dict[str, str]:
    return {"is": "mine"}


@get("/api/unguarded")
async def unguarded() -> str:
    return "nobody may see this"


@get("/api/broken", opt={"action": "public"})
async def broken(how: FromQuery[str], size: FromQuery[int] = 1) -> str:
    errors = {"reject": Reject("no", causes=("why",)), "denied": Denied("no", status=401), "away": Unavailable("oh")}
    raise errors.get(how, ZeroDivisionError("secret"))


@get("/page", opt={"action": "project:read"})
async def page() -> str:
    return "page"


async def test_what_plugins_mount_stands_behind_the_guard(
    move_in: Move, bus: MemoryBus, caplog: pytest.LogCaptureFixture
) -> None:
    kernel = move_in(
        a={"api_routes": lambda: [mine, unguarded, broken, page]},
        bad={"api_routes": lambda: ["no route"]},
        worse={"api_routes": fail},
        auth={**claim_all(), "authorise": lambda principal: True if principal.kind == "user" else None},
    )
    await kernel.start(bus)
    app = await Applications(kernel, Health(kernel, Board(), "edge-1"), "1.0").settle()
    assert kernel.registry.plugins["bad"].state is State.FAILED
    assert kernel.metrics.cost("worse").errors == 1
    async with AsyncTestClient(app) as client:
        known = {"x-ann": "1"}
        assert (await client.get("/api/mine", headers=known)).json() == {"is": "mine"}
        refused = await client.get("/api/mine")
        assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
        assert (await client.get("/page")).headers["www-authenticate"] == "Bearer"
        assert (await client.get("/api/unguarded", headers=known)).status_code == 403
        answers = {how: await client.get(f"/api/broken?how={how}") for how in ("reject", "denied", "away", "crash")}
        assert {how: answer.status_code for how, answer in answers.items()} == {
            "reject": 400,
            "denied": 401,
            "away": 503,
            "crash": 500,
        }
        assert answers["reject"].json()["causes"] == ["why"]
        assert answers["away"].headers["retry-after"] == "5"
        assert "secret" not in answers["crash"].text
        assert "ZeroDivisionError: secret" in caplog.text
        wrong = await client.get("/api/broken?how=x&size=big")
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "size")
        assert (await client.get("/nowhere")).status_code == 404
        assert (await client.get("/api/docs/openapi.json")).json()["info"]["version"] == "1.0"
    await kernel.stop()


@get("/api/mine", opt={"action": "public"})
async def stolen() -> str:
    return "stolen"


async def test_a_plugins_application_is_made_once_and_what_fails_in_it_counts_against_it(
    move_in: Move, bus: MemoryBus
) -> None:
    asked: list[str] = []
    kernel = move_in(
        a={"api_routes": lambda: asked.append("a") or [mine, broken]}, thief={"api_routes": lambda: [page, stolen]}
    )
    await kernel.start(bus)
    applications = Applications(kernel, Health(kernel, Board(), "edge-1"), "1.0")
    first, then = await applications.settle(), await applications.settle()
    assert asked == ["a"]
    assert first.find("GET", "/api/mine") is then.find("GET", "/api/mine")
    assert first.find("GET", "/page") is first.find("GET", "/health/live")
    thief = kernel.registry.plugins["thief"]
    assert thief.state is State.FAILED
    assert thief.reason == "its routes cannot be mounted: GET /api/mine is another plugin's"
    async with AsyncTestClient(then) as client:
        assert (await client.get("/api/broken?how=crash")).status_code == 500
        assert (await client.get("/api/broken?how=reject")).status_code == 400
    cost = kernel.metrics.cost("a")
    assert (cost.errors, cost.last_error) == (1, "ZeroDivisionError: secret")
    await kernel.stop()


async def test_health_names_each_part_that_does_not_work(move_in: Move, bus: MemoryBus, store: Store) -> None:
    kernel = move_in(
        a={"plugin_health": lambda: "it hurts"}, b={"plugin_health": lambda: None}, c={"plugin_health": fail}
    )
    await kernel.start(bus)
    board = Board()
    await board.start(bus)
    app = await Applications(kernel, Health(kernel, board, "edge-1"), "1.0").settle()
    async with AsyncTestClient(app) as client:
        assert (await client.get("/health/live")).json() == {"status": "alive"}
        bus.is_up, store.is_away = False, True
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
        assert [problem.split(":")[0] for problem in ready.json()["problems"]] == [
            "bus",
            "database",
            "worker",
            "plugin a",
        ]
        bus.is_up, store.is_away = True, False
        kernel.registry.fail("a", "over")
        await board.hear("", msgspec.json.encode(Status("worker-1", "worker", 1.0, "", problems=("worker: sick",))))
        assert (await client.get("/health/ready")).json()["problems"] == ["worker: sick"]
        await board.hear("", msgspec.json.encode(Status("worker-1", "worker", 1.0, "")))
        assert (await client.get("/health/ready")).status_code == 200
        assert 'process="edge-1"' in (await client.get("/metrics")).text
    await kernel.stop()


async def run_until(kernel: Kernel, bus: MemoryBus, done: Callable[[], Any]) -> Worker:
    made, stop = Worker(kernel, bus), asyncio.Event()
    running = asyncio.create_task(made.run(stop))
    while not await done():
        await asyncio.sleep(0.005)
    stop.set()
    await running
    return made


async def test_a_worker_digests_relays_facts_and_hands_them_to_plugins(
    move_in: Move, bus: MemoryBus, store: Store
) -> None:
    heard: list[str] = []

    async def on_fact(fact: Fact, ctx: Any) -> None:
        heard.append(f"{ctx.plugin} {fact.id}")
        if ctx.plugin == "b":
            raise Reject("not for me")
        await bus.publish("amber.v1.fact.issue.created.1", b"no fact")

    kernel = move_in(
        rights=Rights(facts=("issue.created",)),
        a={"on_fact": on_fact},
        b={"on_fact": on_fact},
        scrub={"scrub_events": lambda events: events},
        tiny={"ingest_protocols": lambda: [tiny()]},
    )
    await kernel.start(bus)
    await bus.publish("amber.v1.item.0", frames.encode([Submission("s", "tiny", "in", 1, 1.0)]))
    await bus.publish("amber.v1.fact.issue.created.1", b"what was before they were there is no news to them")

    async def done() -> bool:
        return bool(store.marks) and len(heard) == 2 and len(await bus.browse(DEAD, 0, 9)) == 3

    made = await run_until(kernel, bus, done)
    assert sorted(heard) == ["a f1", "b f1"]
    plugins = sorted(letter.headers["Amber-Plugin"] for letter in await bus.browse(DEAD, 0, 9))
    assert plugins == ["a", "b", "b"]
    assert made.status().problems == ()
    assert store.facts == []
    await kernel.stop()


async def test_without_a_scrubber_nothing_is_digested(move_in: Move, bus: MemoryBus, store: Store) -> None:
    kernel = move_in(deaf={"on_fact": lambda fact: None})
    await kernel.start(bus)
    await bus.publish("amber.v1.item.0", frames.encode([Submission("s", "tiny", "in", 1, 1.0)]))

    async def done() -> bool:
        return not store.facts

    made = await run_until(kernel, bus, done)
    assert "no plugin scrubs events" in made.status().problems[0]
    assert store.marks == []
    await kernel.stop()


async def test_a_worker_dies_of_what_kills_a_consumer(
    move_in: Move, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = move_in(scrub={"scrub_events": lambda events: events})
    await kernel.start(bus)

    async def run(self: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(worker.Delivery, "run", run)
    with pytest.raises(MemoryError):
        await Worker(kernel, bus).run(asyncio.Event())
    await kernel.stop()


async def test_two_kernels_live_side_by_side(move_in: Move, bus: MemoryBus) -> None:
    one, two = move_in(), move_in(a={"plugin_health": fail})
    for kernel in (one, two):
        await kernel.start(bus)
    await two.dispatcher.collect("plugin_health", lambda value: value)
    assert [row["name"] for row in one.report()] == ["storage"]
    assert two.metrics.cost("a").errors == 1
    for kernel in (one, two):
        await kernel.stop()
