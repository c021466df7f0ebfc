"""What a round of retention costs those who send meanwhile: `PYTHONPATH=tests python -m bench.retention`.

Old events, some 3 KB each on disk, go while others arrive. Prints the latency at 100 large events a second and how many
are stored each second before, during and after the round, how long the round took and what became of the file.
"""

import argparse
import contextlib
import random
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

from amber.model import Batch, Claim
from amber.testing.databases import open_database
from amber.testing.stores import event
from amber_storage.retention.running import JOB
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.issues import SqlIssueStore
from bench.load import Load
from bench.measures import stored
from bench.system import Amber

DAY = 24 * 3600.0
ISSUES = 400


def seed(amber: Amber, events: int) -> None:
    """Events received 100 days ago, and one of today for each of their issues; the job is kept from the worker."""
    engine = open_database(f"sqlite:///{amber.data / 'amber.db'}")
    store, issues = SqlEventStore(engine), SqlIssueStore(engine)
    issues.claim_job(Claim(JOB, "bench", time.time(), 9e9, 0))
    then, now, noise = time.time() - 100 * DAY, time.time(), random.Random(1)
    for start in range(0, events + ISSUES, 400):
        made = [
            event(
                amber.target.project,
                f"key {n % ISSUES}",
                then + n / 1e3 if n < events else now,
                extra={"noise": noise.randbytes(1500).hex()},
            )
            for n in range(start, start + 400)
        ]
        store.write_events(made)
        issues.apply(Batch(events=tuple(made)))
    engine.dispose()


def ask(amber: Amber, statement: str, *values: float) -> list[tuple[int, ...]]:
    """What the database answers."""
    with contextlib.closing(sqlite3.connect(amber.data / "amber.db", timeout=60, isolation_level=None)) as database:
        return database.execute(statement, values).fetchall()


def left(amber: Amber) -> int:
    """How many old events are still there."""
    return ask(amber, "SELECT count(*) FROM events WHERE received_at < ?", time.time() - 90 * DAY)[0][0]


def report(name: str, amber: Amber, load: Load) -> None:
    """Print one line."""
    calm = load.send(amber.target, 1000, "large", rate=100.0)
    full = stored(amber, load, 2000, "large")
    print(f"{name:8} p50 {calm.p50:.1f} ms, p99 {calm.p99:.1f} ms at 100/s; {full.per_second:.0f} stored/s", flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=int, default=100_000)
    parser.add_argument("--port", type=int, default=18998)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        load = Load(Path(folder) / "load")
        with Amber(Path(folder) / "data", options.port).up() as amber:
            seed(amber, options.old)
            old, size = left(amber), amber.disk()[0]
            for name in ("warm-up", "before"):
                report(name, amber, load)
            ask(amber, "UPDATE jobs SET started_at = 0, expires_at = 0")
            while left(amber) == old:
                time.sleep(0.1)
            begun, took = time.time(), list[float]()
            watch = threading.Thread(target=lambda: took.append(_until_none(amber) - begun))
            watch.start()
            report("during", amber, load)
            print(f"{'':8} {old - left(amber):,} of {old:,} old events were gone by then", flush=True)
            watch.join()
            print(f"{'':8} all of them after {took[0]:.0f} s", flush=True)
            report("after", amber, load)
            print(f"the file: {size >> 20} MB before, {amber.disk()[0] >> 20} MB after", flush=True)


def _until_none(amber: Amber) -> float:
    while left(amber):
        time.sleep(1)
    return time.time()


if __name__ == "__main__":
    main()
