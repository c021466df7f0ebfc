import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from amber.processes import supervisor as module
from amber.processes.supervisor import Child, Supervisor, die_with_parent

pytestmark = pytest.mark.anyio
BODY = """
import os, pathlib, signal, sys, time
log = pathlib.Path({log!r})
def note(text):
    with log.open("a") as out:
        out.write(f"{name} {{text}} {{os.getpid()}}\\n")
def end(*_):
    note("ended")
    sys.exit(0)
signal.signal(signal.SIGTERM, {handler})
note("started")
time.sleep(600)
"""


class Log:
    """What children write when they start and end."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def child(self, name: str, patience: float = 20.0, handler: str = "end") -> Child:
        code = BODY.format(log=str(self._file), name=name, handler=handler)
        return Child(name, [sys.executable, "-S", "-c", code], dict(os.environ), patience)

    def lines(self) -> list[tuple[str, str, int]]:
        text = self._file.read_text() if self._file.exists() else ""
        return [(name, what, int(pid)) for name, what, pid in (line.split() for line in text.splitlines())]

    async def wait(self, count: int) -> list[tuple[str, str, int]]:
        while len(self.lines()) < count:
            await asyncio.sleep(0.01)
        return self.lines()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log")


@pytest.fixture
async def supervisor(monkeypatch: pytest.MonkeyPatch, anyio_backend: str) -> AsyncIterator[Supervisor]:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)
    made = Supervisor()
    yield made
    await made.end()


async def test_a_child_that_is_killed_is_started_again(
    supervisor: Supervisor, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor.start(log.child("a"))
    [(_, _, first)] = await log.wait(1)
    os.kill(first, signal.SIGKILL)
    [_, (_, what, second)] = await log.wait(2)
    assert (what, first != second) == ("started", True)
    assert "a ended with code -9 and is started again" in caplog.text


async def test_children_end_in_the_opposite_order(supervisor: Supervisor, log: Log) -> None:
    for number, name in enumerate("abc", 1):
        supervisor.start(log.child(name))
        await log.wait(number)
    await supervisor.end()
    assert [(name, what) for name, what, _ in log.lines()[3:]] == [("c", "ended"), ("b", "ended"), ("a", "ended")]


async def test_a_child_that_does_not_end_is_killed_after_its_patience(
    supervisor: Supervisor, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor.start(log.child("a", patience=0.05, handler="signal.SIG_IGN"))
    [(_, _, pid)] = await log.wait(1)
    await supervisor.end()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert "a did not end in time and is killed" in caplog.text


async def test_pauses_between_crashes_grow_until_a_child_has_been_steady(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.04)
    supervisor.start(Child("a", [sys.executable, "-S", "-c", "raise SystemExit(3)"], {}))
    while caplog.text.count("a ended with code 3") < 5:
        await asyncio.sleep(0.01)
    pauses = [record.args[-1] for record in caplog.records if record.name == "amber.supervisor" and record.args]
    assert pauses[:4] == [0.01, 0.02, 0.04, 0.04]
    monkeypatch.setattr(module, "STEADY_AFTER", 0.0)
    caplog.clear()
    while caplog.text.count("a ended with code 3") < 3:
        await asyncio.sleep(0.01)
    assert caplog.records[-1].args[-1] == 0.01  # type: ignore[index]


async def test_a_child_that_cannot_be_started_is_told_of_and_tried_again(
    supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor.start(Child("a", ["/no/such/program"], {}))
    while caplog.text.count("No such file or directory") < 2:
        await asyncio.sleep(0.01)


async def test_ending_twice_or_between_two_lives_is_harmless(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 60.0)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 60.0)
    supervisor.start(Child("a", [sys.executable, "-S", "-c", ""], {}))
    while "a ended with code 0" not in caplog.text:
        await asyncio.sleep(0.01)
    await supervisor.end()
    await supervisor.end()


PARENT = """
import subprocess, sys
from amber.processes.supervisor import die_with_parent
child = subprocess.Popen([sys.executable, "-S", "-c", {code!r}], preexec_fn=die_with_parent())
child.wait()
"""


async def test_children_end_when_their_supervisor_is_killed(log: Log) -> None:
    code = log.child("a").command[-1]
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(code=code)])
    await log.wait(1)
    parent.kill()
    parent.wait()
    assert [what for _, what, _ in await log.wait(2)] == ["started", "ended"]


def test_only_linux_can_end_children_with_their_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert die_with_parent() is None
