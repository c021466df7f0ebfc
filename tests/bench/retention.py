"""What a round of retention costs those who send meanwhile: 100,000 old events go while others arrive.

Run beside `run.py`, of which it uses the system and the payloads: `python tests/bench/retention.py`. It prints latency
and events stored each second before, during and after the round, how long the round took and what it gave back.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from run import System, make_payloads

from amber.model import Batch, Claim
from amber.testing.databases import open_database
from amber.testing.stores import event
from amber_storage.retention.running import JOB
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.issues import SqlIssueStore

DAY = 24 * 3600.0
NOISE = "".join(f"{number:x}" for number in range(1500))


def seed(database: Path, project: int, events: int) -> None:
    """Events received 100 days ago, some 3 KB each on disk, of 200 issues that are alive and 200 that are not."""
    engine = open_database(f"sqlite:///{database}")
    store, issues = SqlEventStore(engine), SqlIssueStore(engine)
    issues.claim_job(Claim(JOB, "bench", time.time(), 9e9, 0))
    at = time.time() - 100 * DAY
    for start in range(0, events, 500):
        made = [
            event(project, f"key {n % 400}", at + n / 1e3, extra={"noise": f"{hash((n, NOISE)):x}{NOISE[n % 999 :]}"})
            for n in range(start, start + 500)
        ]
        store.write_events(made)
        issues.apply(Batch(events=tuple(made)))
    young = [event(project, f"key {number}", time.time()) for number in range(200)]
    store.write_events(young)
    issues.apply(Batch(events=tuple(young)))
    engine.dispose()


def begin_round(database: Path) -> None:
    """Let the worker have the job."""
    with sqlite3.connect(database, timeout=30) as connection:
        connection.execute("update jobs set started_at = 0, expires_at = 0")


def left(database: Path) -> int:
    """How many old events are still there."""
    with sqlite3.connect(database, timeout=30) as connection:
        found = connection.execute("select count(*) from events where received_at < ?", (time.time() - 90 * DAY,))
        return int(found.fetchone()[0])


def load(system: System, work: Path, *more: str) -> dict[str, Any]:
    """What the load generator measured, and how many were stored each second until all of them were."""
    before, command = system.stored(), [sys.executable, work / "loadgen.py", "--url", system.said["url"]]
    command += ["--key", system.said["public_key"], "--project", str(system.said["project_id"])]
    command += ["--payload", "large", "--gzip", *more]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    while system.stored() - before < result["accepted"]:
        time.sleep(0.02)
    result["stored_per_s"] = result["accepted"] / (time.time() - result["t_first_send"])
    return result


def report(name: str, system: System, work: Path) -> None:
    """Print a line: latency at 100 a second, and events stored each second when as many come as are taken."""
    calm = load(system, work, "--events", "1500", "--rate", "100")
    full = load(system, work, "--events", "3000")
    shown = f"p50 {calm['p50_ms']:.1f} ms, p99 {calm['p99_ms']:.1f} ms at 100/s; {full['stored_per_s']:.0f} stored/s"
    print(f"{name:10} {shown}", flush=True)


def watch(done: Callable[[], bool]) -> tuple[threading.Thread, list[float]]:
    """A thread that notes when something is done."""
    times: list[float] = []

    def run() -> None:
        while not done():
            time.sleep(1)
        times.append(time.time())

    thread = threading.Thread(target=run)
    thread.start()
    return thread, times


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=int, default=100_000)
    parser.add_argument("--port", type=int, default=18998)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        make_payloads(work)
        system = System(work / "data", options.port)
        try:
            seed(system.database, int(system.said["project_id"]), options.old)
            size = system.database.stat().st_size
            report("warm-up", system, work)
            report("before", system, work)
            begin_round(system.database)
            while left(system.database) == options.old:
                time.sleep(0.2)
            started = time.time()
            thread, times = watch(lambda: left(system.database) == 0)
            report("during", system, work)
            print(f"{'':10} {options.old - left(system.database):,} had gone by then", flush=True)
            thread.join()
            report("after", system, work)
            print(f"{options.old:,} events went in {times[0] - started:.0f} s", flush=True)
            print(f"the file: {size >> 20} MB before, {system.database.stat().st_size >> 20} MB after", flush=True)
        finally:
            system.stop()


if __name__ == "__main__":
    main()
