"""A plugin switched two hundred times under load: nothing is left behind in any process, and no event is lost."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

from amber.testing.nats import PLENTY, NatsServer

from . import hostedplugins
from .running import Running, child_pids, free_port, wait_until
from .test_switching import Traffic
from .wire import envelope, error, post, send_all

TIMES, WARM = 200, 20
ALLOWED = {"fds": 16, "memory": 32, "tasks": 12, "lanes": 0, "contexts": 0, "applications": 0}
"""By how much two moments under the same load may differ: threads of pools come as they are needed, each with its
connection to the database. What is left behind by each switch would be a hundred times as much.
"""
CODE = """\
import asyncio, gc, itertools, json, os, threading
from amber import hookimpl
from amber.model import Additions, ScheduledJob
from litestar import get


STARTS = itertools.count(1)


@hookimpl
async def plugin_start(ctx):
    ctx.listen(["events.stored"], lambda fact: None)
    with open(os.environ["BUSY_LEDGER"], "a") as ledger:
        ledger.write(json.dumps({"pid": os.getpid(), **look(next(STARTS))}) + "\\n")


def look(number):
    if str(number) not in os.environ["BUSY_LOOKS"].split():
        return {}
    gc.collect()
    every = gc.get_objects()
    own = [one for one in every if type(one).__module__ == "amber.plugin.context"]
    return {
        "tasks": len(asyncio.all_tasks()),
        "lanes": sum(thread.name.startswith("plugin-busy") for thread in threading.enumerate()),
        "contexts": sum(getattr(one, "plugin", "") == "busy" for one in own),
        "applications": sum(type(one).__name__ == "Litestar" for one in every),
    }


@hookimpl
def enrich_events(events):
    return [Additions(tags={"busy": "yes"}) for _ in events]


@hookimpl
async def on_fact(fact, ctx):
    await asyncio.sleep(0.001)


@hookimpl
def api_routes():
    @get("/busy", action="public")
    async def busy() -> str:
        return "busy"

    return [busy]


@hookimpl
def scheduled_jobs():
    async def job() -> None:
        await asyncio.sleep(0.01)

    return [ScheduledJob("tick", 0.1, job)]
"""
MANIFEST = """\
name = "busy"
title = "Busy"
summary = "Has a hand in everything."
families = ["enrichment"]
[rights]
facts = ["events.stored", "issue.created"]
"""


def install(site: Path) -> None:
    package, info = site / "amber_busy", site / "amber_busy-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").write_text(CODE)
    (package / "plugin.toml").write_text(MANIFEST)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: amber-busy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[amber.plugins]\nbusy = amber_busy\n")


def measure(pid: int) -> dict[str, int]:
    """What a process has: descriptors (sockets among them), and private memory in MB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    private = sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))
    return {"fds": len(list(Path(f"/proc/{pid}/fd").iterdir())), "memory": private >> 10}


def subscriptions(port: int) -> tuple[int, int, int]:
    """Connections, subscriptions and consumers, as the NATS server sees them."""

    def ask(path: str, name: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return int(json.load(answer)[name])

    return ask("/connz", "num_connections"), ask("/subsz", "num_subscriptions"), ask("/jsz", "consumers")


def switch_to(amber: Running, plugin: str, enabled: bool) -> None:
    """Switch it, and wait until every process has done it."""
    word = f"plugin {plugin} is {'running' if enabled else 'switched off'}"
    before = amber.log().count(word)
    answer = amber.api.put(f"/plugins/{plugin}", json={"enabled": enabled})
    assert answer.status_code == 200, answer.text
    wait_until(lambda: amber.log().count(word) >= before + 2)


def switch(amber: Running, times: int) -> None:
    """Switch it to and fro."""
    for number in range(times):
        enabled = number % 2 == 0
        switch_to(amber, "busy", enabled)
        assert amber.web.get("/busy").status_code == (200 if enabled else 404)


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """What there is more of than before, beyond what a moment under load makes."""
    return {name: after[name] - before[name] for name in ALLOWED if after[name] - before[name] > ALLOWED[name]}


def test_two_hundred_switches_leave_nothing_behind_and_lose_nothing(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    site, ledger, port = tmp_path / "site", tmp_path / "ledger", free_port()
    install(site)
    server = NatsServer(tmp_path / "nats", monitor=port)
    server.start()
    given = {"MAX_BYTES": PLENTY, **{name: getattr(server.config, name) for name in ("url", "user", "token")}}
    named = {f"AMBER_BUS_{name.upper()}": str(value) for name, value in given.items()}
    toml = "[plugins.busy]\nisolation = 'inline'\n"  # its routes and its jobs are Amber's
    looks = f"{WARM // 2} {(WARM + TIMES) // 2}"  # to look at every object takes longer than to switch
    environment = {"PYTHONPATH": str(site), "BUSY_LEDGER": str(ledger), "BUSY_LOOKS": looks, **named}
    amber = start(toml=toml, environment=environment)
    pids = {role: pid for role, pid in amber.children().items() if role != "nats-server"}
    traffic = Traffic(amber)
    switch(amber, WARM)
    first, subscribed = {role: measure(pid) for role, pid in pids.items()}, subscriptions(port)
    switch(amber, TIMES)
    last = {role: measure(pid) for role, pid in pids.items()}
    assert subscriptions(port) == subscribed
    statuses = traffic.end()
    assert set(statuses) == {200}
    wait_until(lambda: amber.issues(text="ProblemAA")[0]["count"] == len(statuses))
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    for role, pid in pids.items():
        mine = [line for line in lines if line["pid"] == pid]
        assert len(mine) == (WARM + TIMES) // 2
        assert grown(first[role] | mine[WARM // 2 - 1], last[role] | mine[-1]) == {}
    amber.stop()
    server.kill()


LISTENS = """
@hookimpl
def on_fact(fact, ctx):
    note(fact.data["title"])
"""
ROUNDS = 8


def test_a_plugin_of_its_own_process_comes_and_goes_and_hears_each_fact_once(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    hostedplugins.install(site, {"guest": LISTENS})
    amber = start(environment={"PYTHONPATH": str(site)})
    worker, traffic, sent = amber.children()["worker"], Traffic(amber), []

    def tell(number: int) -> None:
        title = f"Problem{chr(65 + number // 26)}{chr(65 + number % 26)}X"
        body = post(amber.url, amber.project, amber.key, envelope(error(title)))
        assert asyncio.run(send_all(amber.url, [body], 1)) == [200]
        sent.append(title)

    for number in range(ROUNDS):
        switch_to(amber, "guest", True)
        tell(2 * number)
        switch_to(amber, "guest", False)
        wait_until(lambda: not child_pids(worker))
        if number == 1:
            before = measure(worker)
        tell(2 * number + 1)
    assert measure(worker)["fds"] - before["fds"] <= ALLOWED["fds"]
    switch_to(amber, "guest", True)

    def heard() -> list[str]:
        return [one.partition(":")[0] for one in hostedplugins.notes(site, "guest") if one.startswith("Problem")]

    wait_until(lambda: set(heard()) >= set(sent))
    statuses = traffic.end()
    assert set(statuses) == {200}
    assert sorted(one for one in heard() if one in sent) == sorted(sent)
    wait_until(lambda: amber.issues(text="ProblemAA")[0]["count"] == len(statuses))
