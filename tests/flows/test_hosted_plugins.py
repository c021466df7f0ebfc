"""Strangers' plugins in processes of their own: what they may do, and that nobody is hurt by what they do."""

import os
import shutil
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from .conftest import ended
from .hostedplugins import install, notes, tell
from .running import Running, command_line, wait_until
from .wire import envelope, error

pytestmark = pytest.mark.measured

HEARS = """
@hookimpl
def on_fact(fact, ctx):
    note(f"env {sorted(os.environ)} {os.getpid()}")
    note("heard " + fact.data["title"].partition(":")[0])
"""
WAITS = """
@hookimpl
def on_fact(fact, ctx):
    while told() == "wait":
        time.sleep(0.05)
    note("heard " + fact.data["title"].partition(":")[0])
"""
CARRIES = """
from amber import Secret
from msgspec import Struct

class Config(Struct):
    greeting: str = "hello"
    key: Secret = Secret("none")

class TargetConfig(Struct):
    token: Secret
    room: str = "hall"

@hookimpl
def deliver(notification, target, ctx):
    note(f"asked {notification.title.partition(':')[0]} {target.room} {str(target.token)} {target.token!r}")
    match told():
        case "later":
            tell("never")
            raise errors.Retry(1, "not now")
        case "never":
            raise errors.Reject("not for me")
    return Receipt("taken")

@hookimpl
def enrich_events(events, project, ctx):
    said = ctx.settings(project)
    tags = {"greeting": said.greeting, "key": str(said.key), "above": ctx.config.greeting}
    return [Additions(tags=tags)] * len(events)
"""
WAYS = {
    "raises": "raise RuntimeError('broken')",
    "sleeps": "await asyncio.sleep(3600)",
    "returns": "return object()",
    "eats": "note(str(len(bytearray(1 << 30))))",
    "prints": """
            for _ in range(200):
                print("x" * 100_000)
            raise RuntimeError("printed")
    """,
    "forges": """
            for kind in ("guest.noticed", "issue.resolved"):
                made = Fact(id=f"{kind}-{fact.id}", type=kind, project=fact.project, at=1.0, data={})
                await ctx._services.publish(made)
    """,
    "hangs": "time.sleep(3600)",
    "exits": "os._exit(7)",
    "spreads": "subprocess.run([sys.executable, '-c', SPREAD, str(HERE)]); time.sleep(60)",
    "escapes": "subprocess.Popen([sys.executable, '-c', ESCAPE, str(HERE)]); time.sleep(0.5); os._exit(7)",
    "multiplies": """
            while True:
                subprocess.Popen(["sh", "-c", "sleep 600; :", str(HERE)])
    """,
}
"""What a plugin does with a fact whose title names the way."""
DEADLY = ("hangs", "exits", "spreads", "escapes", "multiplies")
"""Ways that cost the process; each is the way of a plugin of its own, since a process that keeps dying is started anew
ever more slowly."""
MISBEHAVES = """
SPREAD = "import os, time; [os.fork() for _ in range(3)]; held = bytearray(60 << 20); time.sleep(600)"
ESCAPE = "import os, time; os.setsid(); os.fork() or (os.setsid(), time.sleep(600))"

@hookimpl
async def on_fact(fact, ctx):
    match fact.data["title"].partition(":")[0]:
"""
ONE_WAY = """
        case "Way{title}":
            {way}
"""
HEARS_THE_REST = """
        case title:
            note(f"heard {title}")
"""


def misbehaves(ways: Iterable[str]) -> str:
    """A plugin that goes these ways, and hears what else there is."""
    cases = [ONE_WAY.format(title=way.capitalize(), way=WAYS[way]) for way in ways]
    return "".join((MISBEHAVES, *cases, HEARS_THE_REST))


def villain(way: str) -> str:
    """The plugin that goes this way."""
    return f"villain_{way}" if way in DEADLY else "villain"


class Town(NamedTuple):
    """An Amber with a plugin that only listens and some that do harm, and where they are installed."""

    amber: Running
    site: Path


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One for all tests here: starting a dozen plugins takes longer than what they do."""
    root = tmp_path_factory.mktemp("town")
    site, carriers, leavers = root / "site", root / "carriers", root / "leavers"
    plugins = {villain(way): misbehaves([way]) for way in DEADLY}
    plugins |= {"villain": misbehaves(way for way in WAYS if way not in DEADLY), "listener": HEARS, "patient": WAITS}
    install(site, plugins, budget_ms=1000)
    install(carriers, {"carrier": CARRIES}, hooks="deliver enrich_events", package="amber_carriers")
    install(leavers, {"leaver": WAITS}, package="amber_leavers")
    names = (*plugins, "carrier", "leaver")
    toml = "[worker]\nattempts = 2\n" + "".join(
        f"[plugins.{name}]\nenabled = true\nmemory_mb = 128\n" for name in names
    )
    places = os.pathsep.join(map(str, (site, carriers, leavers)))
    environment = {"PYTHONPATH": places, "AMBER_SECRET": "hush", "AWS_KEY": "hush"}
    with ended(Running(root / "data", toml=toml, environment=environment)) as amber:
        wait_until(lambda: all(row(amber, name)["state"] == "running" for name in names))
        yield Town(amber, site)


def row(amber: Running, name: str) -> Any:
    """What is told of a plugin."""
    return next(one for one in amber.get("/plugins")["items"] if one["name"] == name)


def send(amber: Running, title: str) -> str:
    """An error that is an issue of its own; its id."""
    made = error(title)
    headers = {"x-sentry-auth": f"Sentry sentry_key={amber.key}"}
    answer = httpx.post(f"{amber.url}/api/{amber.project}/envelope/", content=envelope(made), headers=headers)
    assert answer.status_code == 200
    return str(made["event_id"])


def heard(site: Path, name: str) -> list[str]:
    return [one.removeprefix("heard ") for one in notes(site, name) if one.startswith("heard ")]


def letters(amber: Running, name: str) -> list[Any]:
    """The dead letters of a plugin."""
    found: list[Any] = amber.get("/dead-letters", plugin=name)["items"]
    return found


def in_hand(amber: Running, consumer: str) -> int:
    """How many messages a consumer has taken and not done."""
    return sum(one["in_hand"] for one in amber.get("/consumers")["items"] if one["name"] == consumer)


def pid_of(site: Path, name: str) -> int:
    """The process that imported a plugin last."""
    return int([one.split()[1] for one in notes(site, name) if one.startswith("imported")][-1])


def left_of(site: Path) -> list[int]:
    """What plugins started and nobody ended."""
    every = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in every if str(site) in command_line(pid)]


def test_a_strangers_plugin_hears_facts_in_a_process_that_knows_nothing_of_amber(town: Town) -> None:
    amber, site = town
    send(amber, "ProblemAA")
    wait_until(lambda: "ProblemAA" in heard(site, "listener"))
    known, pid = next(one for one in notes(site, "listener") if one.startswith("env ")).rsplit(" ", 1)
    assert not [secret for secret in ("AMBER", "AWS") if secret in known]
    amber.cli_json("plugins")
    imported = [int(one.split()[1]) for one in notes(site, "listener") if one.startswith("imported")]
    assert imported == [int(pid)], "no other process than its own ran the plugin's code"
    assert row(amber, "listener")["isolation"] == "process"
    assert heard(site, "listener").count("ProblemAA") == 1


def test_facts_wait_for_a_plugin_that_is_killed_and_none_is_lost(town: Town) -> None:
    amber, site = town
    tell(site, "patient", "wait")
    send(amber, "ProblemBB")
    wait_until(lambda: in_hand(amber, "plugin-patient"))
    first = pid_of(site, "patient")
    os.kill(first, signal.SIGKILL)
    send(amber, "ProblemCC")
    tell(site, "patient", "")
    wait_until(lambda: {"ProblemBB", "ProblemCC"} <= set(heard(site, "patient")))
    assert pid_of(site, "patient") != first
    told = wait_until(lambda: row(amber, "patient")["state"] == "running" and row(amber, "patient"))
    assert told["restarts"] == 1
    assert 16 << 20 < told["memory_bytes"] < 128 << 20
    assert [row(amber, name)["restarts"] for name in ("listener", "webhook")] == [0, None]


@pytest.mark.parametrize("way", WAYS)
def test_what_a_plugin_does_to_a_fact_costs_that_fact_alone(way: str, town: Town) -> None:
    """The fact goes to the plugin's dead letters; the next is heard, and a plugin beside it hears both."""
    amber, site = town
    name, bad, good = villain(way), f"Way{way.capitalize()}", f"After{way.capitalize()}"
    dead, errors, logged = len(letters(amber, name)), row(amber, name)["errors"], len(amber.log())
    send(amber, bad)
    wait_until(lambda: len(letters(amber, name)) > dead)
    send(amber, good)
    wait_until(lambda: good in heard(site, name))
    wait_until(lambda: {bad, good} <= set(heard(site, "listener")))
    wait_until(lambda: row(amber, name)["errors"] >= errors + 2)
    assert len(letters(amber, name)) == dead + 1
    assert row(amber, "listener")["errors"] == 0
    assert amber.is_ready()
    assert left_of(site) == [], "nothing it started outlives it"
    if way == "prints":
        assert len(amber.log()) < logged + 200_000
    if way == "forges":
        refusal = "Publish Violation: amber.v1.fact.issue.resolved.1"
        wait_until(lambda: f"times by the bus; last: {refusal}" in amber.log())


def test_a_process_of_its_own_delivers_what_people_are_told(town: Town) -> None:
    """What it raises on purpose counts as inline, and of a target's secret it alone knows what it is."""
    amber, site = town[0], town.site.with_name("carriers")
    wanted = {"plugin": "carrier", "name": "Carrier", "settings": {"token": "s3cret", "room": "attic"}}
    made = amber.api.post(f"/projects/{amber.project}/targets", json=wanted)
    assert made.status_code == 201, made.text
    assert "s3cret" not in made.text
    send(amber, "ProblemDD")
    wait_until(lambda: "asked ProblemDD attic s3cret ***" in notes(site, "carrier"))
    tell(site, "carrier", "later")
    send(amber, "ProblemEE")
    wait_until(lambda: letters(amber, "carrier"))
    log = amber.get(f"/projects/{amber.project}/targets/{made.json()['id']}/attempts")["items"]
    tries = [(one["number"], one["outcome"], one["detail"]) for one in reversed(log)]
    assert tries == [(1, "delivered", "taken"), (1, "failed", "not now"), (2, "dead", "not for me")]
    assert [one["reason"] for one in letters(amber, "carrier")] == ["not for me"]
    assert "s3cret" not in amber.log()


def test_what_people_set_reaches_a_process_of_its_own(town: Town) -> None:
    amber = town.amber

    def change(place: str, **values: str) -> None:
        changed = amber.api.patch(f"{place}/plugins/carrier/settings", json=values)
        assert changed.status_code == 200, changed.text
        assert "k3y" not in changed.text

    def tags() -> Any:
        return amber.stored(send(amber, "ProblemFF"))["data"].get("additions", {}).get("carrier", {}).get("tags")

    assert wait_until(tags) == {"greeting": "hello", "key": "none", "above": "hello"}
    change("", greeting="welcome", key="k3y")
    wait_until(lambda: tags() == {"greeting": "welcome", "key": "k3y", "above": "welcome"})
    change(f"/projects/{amber.project}", greeting="howdy")
    wait_until(lambda: tags() == {"greeting": "howdy", "key": "k3y", "above": "welcome"})


def test_a_plugin_that_is_uninstalled_while_it_works_is_let_go_of(town: Town) -> None:
    amber, site = town[0], town.site.with_name("leavers")
    tell(site, "leaver", "wait")
    send(amber, "ProblemGG")
    wait_until(lambda: in_hand(amber, "plugin-leaver"))
    for part in ("amber_leavers", "amber_leavers-1.0.dist-info"):
        shutil.rmtree(site / part)
    os.kill(pid_of(site, "leaver"), signal.SIGKILL)
    wait_until(lambda: row(amber, "leaver")["state"] == "failed")
    assert "not installed" in row(amber, "leaver")["reason"]
    send(amber, "ProblemHH")
    wait_until(lambda: "ProblemHH" in heard(town.site, "listener"))
    assert not {"ProblemGG", "ProblemHH"} & set(heard(site, "leaver"))
    install(site, {"leaver": WAITS}, package="amber_leavers")
    tell(site, "leaver", "")
    wait_until(lambda: {"ProblemGG", "ProblemHH"} <= set(heard(site, "leaver")))
