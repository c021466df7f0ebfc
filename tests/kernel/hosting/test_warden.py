"""The parent of a plugin's process, as a process: how it ends, and that nothing is left below it when it does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amber.hosting import warden
from amber.hosting.ends import ENDS, OVER_MEMORY, STUCK, TOO_MANY
from amber.hosting.tenant import clean
from amber.hosting.warden import descendants

DRIVER = """
import sys
from amber.hosting import child, warden
warden.PATIENCE = float(sys.argv[3])
child.run = lambda given: exec(given, {"mark": sys.argv[2]})
sys.exit(warden.keep(int(sys.argv[1])))
"""
"""The warden, and instead of Amber's side of a plugin whatever comes over the standard input."""
SLEEPER = "import subprocess, time; subprocess.Popen(['sh', '-c', 'sleep 600; :', mark])\n"
ESCAPE = "import os, time; os.setsid(); os.fork() or (os.setsid(), time.sleep(600))"
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a warden over a plugin that does this; `tmp_path` is on the command line of all that it starts."""
    started = []

    def start(code: str, memory_mb: int = 128, patience: float = 30) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-c", DRIVER, str(memory_mb), str(tmp_path), str(patience)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, env=clean(os.environ))
        started.append(process)
        assert process.stdin is not None
        process.stdin.write(code.encode())
        process.stdin.close()
        process.stdin = None
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def left(mark: Path) -> list[int]:
    """What still runs of what a plugin started."""
    every = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in every if str(mark) in warden._read(Path(f"/proc/{pid}/cmdline"))]


def said(process: "subprocess.Popen[bytes]") -> tuple[int, str]:
    """How it ended, and what was written meanwhile."""
    text, _ = process.communicate(timeout=60)
    return process.returncode, text.decode()


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("print('hello')", 0, "hello"),
        ("raise KeyError('coffee')", 1, "KeyError: 'coffee'"),
        ("raise SystemExit(3)", 1, "SystemExit: 3"),
        ("import os; os._exit(7)", 7, ""),
        (f"import os; os._exit({STUCK})", STUCK, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 128 + signal.SIGKILL, ""),
        ("bytearray(1 << 30)", 1, "MemoryError"),
    ],
)
def test_it_ends_as_its_plugin_ended(start: Start, tmp_path: Path, code: str, status: int, words: str) -> None:
    ended, text = said(start(SLEEPER + code))
    assert ended == status
    assert words in text
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (
            "import os, time\nfor _ in range(3): os.fork()\nheld = bytearray(b'x') * (60 << 20)\ntime.sleep(600)",
            OVER_MEMORY,
        ),
        ("while True: subprocess.Popen(['sh', '-c', 'sleep 600; :', mark])", TOO_MANY),
    ],
)
def test_a_plugin_that_takes_too_much_is_ended_with_all_it_started(
    start: Start, tmp_path: Path, code: str, status: int
) -> None:
    ended, _ = said(start(SLEEPER + code))
    assert ended == status
    assert ENDS[status]
    assert left(tmp_path) == []


def test_what_opens_a_session_of_its_own_does_not_outlive_the_plugin(start: Start, tmp_path: Path) -> None:
    code = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {ESCAPE!r}, mark])\ntime.sleep(0.5)"
    assert said(start(code))[0] == 0
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "signum", "status"),
    [
        ("", signal.SIGTERM, 128 + signal.SIGTERM),
        ("import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nimport sys\n", signal.SIGTERM, 1),
        ("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n", signal.SIGTERM, 128 + signal.SIGKILL),
        ("", signal.SIGINT, 128 + signal.SIGINT),
    ],
)
def test_it_ends_when_told_to_and_leaves_nothing(
    start: Start, tmp_path: Path, code: str, signum: int, status: int
) -> None:
    process = start(
        f"{SLEEPER}{code}print('ready', flush=True)\ntime.sleep(600)", patience=0.5 if "SIG_IGN" in code else 30
    )
    assert process.stdout is not None
    while b"ready" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signum)
    assert said(process)[0] == status
    assert left(tmp_path) == []


def test_a_process_that_has_just_ended_has_nothing_below_it() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert list(descendants(gone.pid)) == []
    assert (warden.resident([gone.pid]), warden._proportional(gone.pid)) == (0, 0)
    assert warden.resident([os.getpid(), gone.pid]) > 1 << 20
    assert warden._proportional(os.getpid()) > 1 << 20


def test_a_zombie_is_no_process() -> None:
    zombie = subprocess.Popen(["true"])
    while not warden._read(Path(f"/proc/{zombie.pid}/stat")).rpartition(")")[2].startswith(" Z"):
        time.sleep(0.01)
    assert zombie.pid not in list(descendants(os.getpid()))
    zombie.wait()


def test_where_the_system_cannot_hold_on_to_processes_the_plugin_runs_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warden.sys, "platform", "darwin")
    monkeypatch.setattr(warden.ctypes, "CDLL", lambda name: pytest.fail("there is no prctl"))
    warden._process_control(36, 1)
