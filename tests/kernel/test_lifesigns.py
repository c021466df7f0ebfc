import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, ctypes, sys
from pathlib import Path
from amber.processes.lifesigns import Lifesigns

async def main():
    signs = Lifesigns(Path(sys.argv[1]), 0.5)
    giving = asyncio.create_task(signs.run())
    await asyncio.sleep(1.2)
    print("lives", flush=True)
    {what}
    giving.cancel()
    signs.close()
    ctypes.PyDLL(None).usleep(700_000)

asyncio.run(main())
"""


def run(what: str, trace: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", PROGRAM.format(what=what), str(trace)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_process_that_is_stuck_as_a_whole_ends_itself_and_says_where(tmp_path: Path) -> None:
    ended = run("ctypes.PyDLL(None).sleep(60)  # keeps the interpreter to itself", tmp_path / "trace")
    assert (ended.returncode, ended.stdout) == (1, "lives\n")
    told = (tmp_path / "trace").read_text()
    assert told.startswith("Timeout (0:00:00.500000)!")
    assert "in main" in told


def test_a_crash_leaves_its_trace(tmp_path: Path) -> None:
    ended = run("ctypes.string_at(0)", tmp_path / "trace")
    assert ended.returncode == -11
    assert (tmp_path / "trace").read_text().startswith("Fatal Python error: Segmentation fault")


def test_who_has_ended_well_is_not_waited_for(tmp_path: Path) -> None:
    ended = run("pass", tmp_path / "trace")
    assert (ended.returncode, ended.stdout) == (0, "lives\n")
    assert (tmp_path / "trace").read_text() == ""
