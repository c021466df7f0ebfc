"""The tutorial about a first plugin, run as it is printed, beside an Amber that runs."""

import json
import re
import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest

PAGE = "docs/tutorial/first-plugin.md"
SECONDS = 60
SHIFTS = """
import json, os, urllib.request

def get(path):
    headers = {"Authorization": f"Bearer {os.environ['AMBER_TOKEN']}"}
    request = urllib.request.Request("http://127.0.0.1:8000/api/v1" + path, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)

for issue in get("/projects/1/issues")["items"]:
    if issue["title"] == os.environ["TITLE"]:
        for one in get(f"/issues/{issue['id']}/events")["items"]:
            data = get(f"/projects/1/events/{one['event_id']}")["data"]
            print((data.get("additions") or {}).get("rota", {}).get("tags", {}).get("shift", "-"))
"""


class Learner:
    """Somebody who does what the page says, in its order."""

    def __init__(self, shell: Any, amber: Any, blocks: Any) -> None:
        self.shell, self.amber = shell, amber
        self.commands: list[str] = blocks(PAGE, "sh")
        self.programs: list[str] = blocks(PAGE, "python")
        self.said: list[str] = []

    def run(self, count: int) -> str:
        """What the next so many blocks of commands print."""
        first = len(self.said)
        self.said += [self.shell.run(block) for block in self.commands[first : first + count]]
        return "".join(self.said[first:])

    def save(self, text: str, file: str) -> None:
        (self.shell.folder / file).write_text(text, encoding="utf-8")

    def shifts(self, title: str) -> list[str]:
        """The tags the plugin gave the events of an issue."""
        answer = self.amber.program(SHIFTS, AMBER_TOKEN=self.token, TITLE=title)
        assert answer.returncode == 0, answer.stderr
        return list(answer.stdout.split())

    @cached_property
    def token(self) -> str:
        made = self.amber.command("token", "create", "--scope", "project:read", "--json")
        return str(json.loads(made)["token"])

    def wait_for(self, title: str, *shifts: str) -> None:
        deadline = time.monotonic() + SECONDS
        while (found := self.shifts(title)) != list(shifts):
            assert time.monotonic() < deadline, found
            time.sleep(0.2)


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory, blocks: Any, clone: Any, start: Any) -> Iterator[Learner]:
    shell = clone(tmp_path_factory.mktemp("clone"))
    with start(shell.folder / "data", shell.python) as amber:
        yield Learner(shell, amber, blocks)


def test_the_page_leads_from_nothing_to_a_plugin_that_works(learner: Learner, blocks: Any) -> None:
    sends, test = learner.programs[1:]
    learner.amber.program(sends.replace("The lights went out", "Before its time"))
    learner.wait_for("Before its time", "-")
    learner.run(1)
    learner.save(learner.programs[0], "amber-rota/amber_rota/__init__.py")
    learner.save(blocks(PAGE, "toml")[0], "amber-rota/amber_rota/plugin.toml")
    assert re.sub("sha256 .*", "sha256 …", learner.run(1)) == blocks(PAGE, "text")[0]
    learner.amber.program(sends)
    learner.wait_for("The lights went out", "night")
    learner.run(1)
    learner.save(test, "amber-rota/tests/test_plugin.py")
    tested = learner.run(1)
    assert " passed" in tested
    assert " failed" not in tested
    assert "2 stored events were fed" in learner.run(1)
    learner.wait_for("Before its time", "night")
    assert len(learner.said) == len(learner.commands)
