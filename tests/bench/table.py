"""The table: each figure with its bar, and whether it is met."""

import os
import platform
import statistics
import subprocess
import time
from pathlib import Path

from msgspec import Struct

from bench.load import ROOT

HEAD = ("figure", "bar", "measured", "× Bugsink", "")


class Bar(Struct, frozen=True):
    """What a figure must reach: at least or at most `limit`, and `times` what the peer does."""

    limit: float | None = None
    is_most: bool = False
    times: float | None = None
    unit: str = ""

    def words(self) -> str:
        """The bar as the table shows it."""
        sign = "≤" if self.is_most else "≥"
        parts = [] if self.limit is None else [f"{sign} {shown(self.limit, self.unit)}"]
        return ", ".join(parts + ([] if self.times is None else [f"≥ {self.times:g} ×"])) or "shown"


class Row(Struct, frozen=True):
    """One figure: the value of each run here and, where it is compared, of each run of the peer."""

    figure: str
    bar: Bar
    values: tuple[float, ...]
    peers: tuple[float, ...] = ()

    @property
    def value(self) -> float:
        """The median of the runs."""
        return statistics.median(self.values)

    @property
    def ratio(self) -> float | None:
        """How many times the peer's median this is; None where there is no peer."""
        return self.value / statistics.median(self.peers) if self.peers else None

    def verdict(self) -> str:
        """`met` or `short`; empty where nothing is asked for or the peer was not run."""
        bar, asked = self.bar, []
        if bar.limit is not None:
            asked.append(self.value <= bar.limit if bar.is_most else self.value >= bar.limit)
        if bar.times is not None and self.ratio is not None:
            asked.append(self.ratio >= bar.times)
        return ("met" if all(asked) else "short") if asked else ""

    def cells(self) -> tuple[str, ...]:
        """The row's text."""
        ratio = "" if self.ratio is None else f"{self.ratio:.1f}"
        return self.figure, self.bar.words(), shown(self.value, self.bar.unit), ratio, self.verdict()


class Report(Struct, frozen=True):
    """All rows of one run, with what must be known to make sense of them."""

    date: str
    commit: str
    machine: str
    busy: float
    runs: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def shown(value: float, unit: str) -> str:
    """A figure with its unit, as exact as it is worth."""
    text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def text(report: Report) -> str:
    """The report for a terminal."""
    cells = [HEAD, *(row.cells() for row in report.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(
        [heading(report), "", lines[0], "  ".join("─" * width for width in widths), *lines[1:], "", *report.notes]
    )


def markdown(report: Report) -> str:
    """The report as a part of a page."""
    cells = [HEAD, ("---",) * len(HEAD), *(row.cells() for row in report.rows)]
    table = ["| " + " | ".join(row) + " |" for row in cells]
    notes = ["", *(f"- {note}" for note in report.notes)] if report.notes else []
    return "\n".join([f"{heading(report)}.", "", *table, *notes])


def heading(report: Report) -> str:
    """Where and when it was measured."""
    runs = f"medians of {report.runs}" if report.runs > 1 else "one run"
    busy = f", load {report.busy:.1f} before it began: figures mean little" if report.busy > 0.5 else ""
    return f"{report.date}, commit {report.commit}, {report.machine}, {runs}{busy}"


def machine() -> str:
    """Cores, processor and Python."""
    lines = [line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines()]
    model = next((value.strip() for name, _, value in lines if name.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}"


def commit() -> str:
    """The commit that is measured, with a plus where files differ from it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def begun(runs: int) -> Report:
    """A report without rows, at the start of a run."""
    today = time.strftime("%Y-%m-%d", time.gmtime())
    return Report(today, commit(), machine(), os.getloadavg()[0], runs, ())
