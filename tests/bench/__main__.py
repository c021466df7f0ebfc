"""`python -m bench full | quick | soak`; `make bench` and `make soak` call it."""

import argparse
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace

from bench.load import ROOT
from bench.results import save
from bench.run import FULL, QUICK, Bench
from bench.soak import rows, soak, told
from bench.table import Report, begun, heading, text

CACHE = ROOT / ".bench"
"""What is installed for comparison stays here."""


def main() -> None:
    """Print one table. Exit code 1 where a soak finds something that is not flat."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("what", choices=["full", "quick", "soak"])
    parser.add_argument("--events", type=int, default=1_000_000, help="how many events a soak sends")
    parser.add_argument("--payload", choices=["large", "small"], default="large", help="what a soak sends")
    parser.add_argument("--save", action="store_true", help="write the figures into the documentation")
    parser.add_argument("--port", type=int, default=18999)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="amber-bench-") as folder:
        report = _measured(Path(folder), options)
    print(f"\n{text(report)}")
    kind = "soak" if options.what == "soak" else "bench"
    if options.save:
        save(kind, report)
    if kind == "soak" and any(row.verdict() == "short" for row in report.rows):
        sys.exit(1)


def _measured(folder: Path, options: argparse.Namespace) -> Report:
    if options.what != "soak":
        return Bench(FULL if options.what == "full" else QUICK, folder, CACHE, options.port).run()
    report = begun(runs=1)
    print(heading(report), flush=True)
    samples = soak(folder, options.port, options.events, options.payload)
    return replace(report, rows=rows(samples), notes=told(samples))


if __name__ == "__main__":
    main()
