"""Plugins in another language: their manifests beside Amber, their code in Node, nothing but the bus between them."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from .conftest import ended
from .hostedplugins import install, notes
from .receivers import Post, Receiver, receiving
from .running import Running, clean_environment, wait_until
from .sdks.toolchains import run, tool
from .test_hosted_plugins import letters, row, send

pytestmark = pytest.mark.measured

CONTRIB = Path(__file__).resolve().parents[2] / "contrib"
Begin = Callable[[str], "subprocess.Popen[bytes]"]
ARGUMENTS = {"calendar": "Pacific/Auckland", "ntfy": "3"}
"""The plugins, and what each is started with beside its credentials."""
GREETS = """
from msgspec import Struct

class Config(Struct):
    greeting: str = "hello"

@hookimpl
def on_fact(fact, ctx):
    note(f"{ctx.config.greeting} " + fact.data["title"].partition(":")[0])
"""


class Elsewhere(NamedTuple):
    """An Amber with the manifests alone, and the folder in which the plugins' code is."""

    amber: Running
    folder: Path

    def begin(self, name: str) -> "subprocess.Popen[bytes]":
        """Start a plugin's code with the credentials that Amber prints, and wait until it runs."""
        credentials = self.folder / f"{name}.json"
        credentials.write_text(json.dumps(self.amber.cli_json("plugins", "credentials", name)))
        command = [tool("node"), f"{name}/{name}.mjs", str(credentials), ARGUMENTS[name]]
        process = subprocess.Popen(command, cwd=self.folder, env=clean_environment())
        wait_until(lambda: row(self.amber, name)["state"] == "running")
        return process


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """With the manifests installed as pip would with `--target`."""
    root = tmp_path_factory.mktemp("elsewhere")
    site, folder = root / "site", root / "node"
    for name in ARGUMENTS:
        known = tomllib.loads((CONTRIB / name / "pyproject.toml").read_text())["project"]
        shutil.copytree(CONTRIB / name / f"amber_{name}", site / f"amber_{name}")
        shutil.copytree(CONTRIB / name, folder / name)
        info = site / f"amber_{name}-{known['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {known['name']}\nVersion: {known['version']}\n")
        [(entry, place)] = known["entry-points"]["amber.plugins"].items()
        (info / "entry_points.txt").write_text(f"[amber.plugins]\n{entry} = {place}\n")
    shutil.copytree(CONTRIB / "node", folder / "node", ignore=shutil.ignore_patterns("node_modules"))
    quiet = ("--no-package-lock", "--no-audit", "--no-fund")
    run(tool("npm"), "install", *quiet, "--prefix", ".", folder=folder / "node")
    install(folder / "far", {"far": GREETS}, package="amber_far")
    toml = "".join(f"[plugins.{name}]\nenabled = true\nisolation = 'remote'\n" for name in (*ARGUMENTS, "far"))
    places = os.pathsep.join(map(str, (site, folder / "far")))
    with ended(Running(root / "data", toml=toml, environment={"PYTHONPATH": places})) as amber:
        yield Elsewhere(amber, folder)


@pytest.fixture
def begin(elsewhere: Elsewhere) -> Iterator[Begin]:
    """Starts plugins that end with the test."""
    started = []

    def begin(name: str) -> "subprocess.Popen[bytes]":
        started.append(elsewhere.begin(name))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def test_a_plugin_in_node_enriches_events_and_may_come_and_go(elsewhere: Elsewhere, begin: Begin) -> None:
    amber = elsewhere.amber
    assert row(amber, "calendar")["state"] == "starting"
    first = begin("calendar")
    tags = amber.stored(send(amber, "EarlierAA"))["data"]["additions"]["calendar"]["tags"]
    assert tags["weekday"].endswith("day")

    first.terminate()
    assert first.wait(30) == 0, "told to end, it ends well"
    wait_until(lambda: row(amber, "calendar")["state"] == "starting")
    assert "additions" not in amber.stored(send(amber, "EarlierBB"))["data"]
    begin("calendar")
    assert "calendar" in amber.stored(send(amber, "EarlierCC"))["data"]["additions"]


def told_of(receiver: Receiver, title: str, path: str = "/push") -> list[dict[str, Any]]:
    """What was pushed of an issue."""
    return [post.told for post in receiver.got(path) if title in post.told["message"]]


def sequence(post: Post) -> str:
    return {name.lower(): value for name, value in post.headers.items()}["x-sequence-id"]


@contextmanager
def told(amber: Running, path: str) -> Iterator[Receiver]:
    """Where the running plugin ntfy pushes to of the first project."""
    targets = f"/projects/{amber.project}/targets"
    with receiving() as receiver:
        settings = {"topic": "amber", "server": receiver.url(path), "secret": "s3cret"}
        made = amber.api.post(targets, json={"plugin": "ntfy", "name": "Phones", "settings": settings}).json()
        answers = {"settings": {**settings, "answers": made["webhook_url"]}}
        assert amber.api.patch(f"{targets}/{made['id']}", json=answers).status_code == 200
        try:
            yield receiver
        finally:
            assert amber.api.delete(f"{targets}/{made['id']}").status_code < 300


def test_a_plugin_in_node_delivers_hears_facts_and_reads_what_comes_back(elsewhere: Elsewhere, begin: Begin) -> None:
    amber = elsewhere.amber
    begin("ntfy")
    with told(amber, "/push") as phones:
        send(amber, "ProblemAA")
        [push] = wait_until(lambda: told_of(phones, "ProblemAA"))
        button = next(one for one in push["actions"] if one["label"] == "Resolve")
        forged = button["body"].replace('"resolve"', '"ignore"')
        for body in (forged, button["body"], button["body"]):
            assert httpx.post(button["url"], content=body).status_code == 202
        issue = json.loads(button["body"])["issue"]
        wait_until(lambda: amber.get(f"/issues/{issue}")["status"] == "resolved")
        wait_until(lambda: letters(amber, "ntfy"))
        assert [one["reason"] for one in letters(amber, "ntfy")] == ["the button was not made by this target"]

        for title in ("ProblemBB", "ProblemCC"):
            send(amber, title)
            wait_until(lambda title=title: told_of(phones, title))
        wait_until(lambda: idle(amber))
        assert told_of(phones, "new issues") == [], "it heard that the first was resolved: two are no flood"
        send(amber, "ProblemDD")
        [flood] = wait_until(lambda: told_of(phones, "new issues"))
        assert flood["message"] == "3 new issues within a quarter of an hour"
        wait_until(lambda: told_of(phones, "ProblemDD"))
        wait_until(lambda: idle(amber))
        titles = [f"Problem{letter * 2}" for letter in "ABCD"]
        assert [len(told_of(phones, title)) for title in titles] == [1] * 4
        assert "s3cret" not in amber.log()


def test_killed_in_the_middle_of_a_delivery_a_plugin_in_node_loses_nothing(elsewhere: Elsewhere, begin: Begin) -> None:
    """What it says twice because of that takes the place of the first, and nothing else is said twice."""
    amber, before = elsewhere.amber, len(letters(elsewhere.amber, "ntfy"))
    first = begin("ntfy")
    with told(amber, "/slow") as phones:
        send(amber, "ProblemEE")
        wait_until(lambda: told_of(phones, "ProblemEE", "/slow"))
        first.kill()
        first.wait()
        send(amber, "ProblemFF")
        phones.patience.set()
        begin("ntfy")
        wait_until(lambda: told_of(phones, "ProblemFF", "/slow"))
        wait_until(lambda: len(told_of(phones, "ProblemEE", "/slow")) > 1)
        wait_until(lambda: idle(amber))
        twice = [post for post in phones.got("/slow") if "ProblemEE" in post.told["message"]]
        assert len({sequence(post) for post in twice}) == 1, "so phones show it once"
        assert len(told_of(phones, "ProblemFF", "/slow")) == 1
        assert len(letters(amber, "ntfy")) == before


def test_a_plugin_in_python_runs_elsewhere_by_a_command(elsewhere: Elsewhere) -> None:
    """Beside Amber its manifest is read and no more; it goes by the configuration of the place where it runs."""
    amber, site = elsewhere.amber, elsewhere.folder / "far"
    credentials = elsewhere.folder / "far.json"
    credentials.write_text(json.dumps(amber.cli_json("plugins", "credentials", "far")))
    there = elsewhere.folder / "there"
    there.mkdir()
    (there / "amber.toml").write_text("[plugins.far]\ngreeting = 'well met'\n")
    words = ("plugins", "run", "far", "--credentials", str(credentials), "--data", str(there))
    environment = clean_environment({"PYTHONPATH": str(site)})
    process = subprocess.Popen([sys.executable, "-m", "amber", *words], env=environment)
    wait_until(lambda: row(amber, "far")["state"] == "running")
    send(amber, "ProblemGG")
    wait_until(lambda: "well met ProblemGG" in notes(site, "far"))
    process.terminate()
    assert process.wait(30) == 0
    assert {one for one in notes(site, "far") if "imported" in one} == {f"imported {process.pid}"}


def idle(amber: Running) -> bool:
    """Whether nothing waits for the plugin ntfy."""
    mine = [one for one in amber.get("/consumers")["items"] if one["name"].endswith("-ntfy")]
    return not any(one["waiting"] or one["in_hand"] for one in mine)
