"""`make bench`: how much the whole system takes in and stores, on the machine it runs on.

Starts a real `amber up` in a temporary folder, posts real SDK events with the load generator of `../shared/bench`, and
waits until every accepted event is stored. Medians of `--runs`; compare ratios of one run, never figures of two
machines.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def shared() -> Path:
    """The folder with the load generator. Ends the program when it is not there."""
    folder = Path(os.environ.get("AMBER_SHARED") or ROOT.parent / "shared") / "bench"
    if not folder.is_dir():
        sys.exit(f"{folder} is missing: set AMBER_SHARED to the folder that holds bench/")
    return folder


def make_payloads(work: Path) -> None:
    """The 200 events that are sent, made once by a real SDK."""
    for name in ("gen_payloads.py", "loadgen.py"):
        shutil.copy(shared() / name, work / name)
    subprocess.run([sys.executable, work / "gen_payloads.py"], check=True, stdout=subprocess.DEVNULL)


class System:
    """A running Amber."""

    def __init__(self, data: Path, port: int) -> None:
        command = [sys.executable, "-m", "amber", "up", "--json", "--port", str(port), "--data", str(data)]
        started = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=(data.parent / "amber.log").open("w"))
        if self.process.stdout is None:
            raise RuntimeError("Popen was asked for a pipe")
        self.said: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.start_seconds = time.monotonic() - started
        self.database = data / "amber.db"

    def stored(self) -> int:
        """How many events the issues count."""
        with sqlite3.connect(self.database) as connection:
            return int(connection.execute("select coalesce(sum(count), 0) from issues").fetchone()[0])

    def memory(self) -> int:
        """Proportional memory of all processes, in MB."""
        return sum(_pss(pid) for pid in [self.process.pid, *_children(self.process.pid)]) // 1024

    def stop(self) -> None:
        """End it as Ctrl-C would."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *_children(child)]
    return found


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def measure(system: System, work: Path, events: int, payload: str) -> dict[str, float]:
    """Send `events` and wait until all that were accepted are stored."""
    before = system.stored()
    command = [sys.executable, work / "loadgen.py", "--url", system.said["url"], "--key", system.said["public_key"]]
    command += ["--project", str(system.said["project_id"]), "--events", str(events), "--payload", payload, "--gzip"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = json.loads(out)
    deadline = time.time() + 120
    while system.stored() - before < result["accepted"]:
        if time.time() > deadline:
            sys.exit(f"only {system.stored() - before} of {result['accepted']} accepted events are stored")
        time.sleep(0.02)
    seconds = time.time() - result["t_first_send"]
    return {
        "accepted/s": result["accepted_per_s"],
        "stored/s": result["accepted"] / seconds,
        "p50 ms": result["p50_ms"],
        "p99 ms": result["p99_ms"],
        "memory MB": system.memory(),
        "refused": events - result["accepted"],
    }


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--port", type=int, default=18999)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        make_payloads(work)
        system = System(work / "data", options.port)
        try:
            print(f"cold start until ready: {system.start_seconds:.1f} s; idle memory {system.memory()} MB")
            for payload in ("large", "small"):
                rows = [measure(system, work, options.events, payload) for _ in range(options.runs)]
                shown = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
                print(f"{payload:6}", "  ".join(f"{name} {value:,.1f}" for name, value in shown.items()))
            size = sum(file.stat().st_size for file in (work / "data").glob("amber.db*"))
            print(f"database: {size / system.stored() / 1024:.1f} KB per event, large and small mixed")
        finally:
            system.stop()


if __name__ == "__main__":
    main()
