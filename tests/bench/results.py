"""What was measured last, kept in the repository, and the page that shows it."""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bench.load import ROOT
from bench.table import Report, markdown

FILE = ROOT / "tests" / "bench" / "results.json"
PAGE = ROOT / "docs" / "explanation" / "bench-results.md"
TOP = """# What was measured

Written by `make bench SAVE=1` and `make soak SAVE=1` from `tests/bench/results.json`, never by hand; a test compares
the two. What each row means is in [Performance](performance.md).
"""


class Results(Struct, frozen=True):
    """The last saved run of each kind."""

    bench: Report | None = None
    soak: Report | None = None


def load() -> Results:
    """What was saved."""
    return msgspec.json.decode(FILE.read_bytes(), type=Results) if FILE.exists() else Results()


def save(kind: str, report: Report) -> None:
    """Keep a report in place of the last one of its kind, and write the page."""
    results = replace(load(), **{kind: report})
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    PAGE.write_text(page(results))


def page(results: Results) -> str:
    """The page of the documentation."""
    parts = (
        ("## Beside Bugsink", "make bench", results.bench),
        ("## Over a million events", "make soak", results.soak),
    )
    shown = [
        f"{title}\n\n{markdown(report) if report else f'`{how}` has not been saved.'}" for title, how, report in parts
    ]
    return "\n\n".join([TOP.rstrip(), *shown]) + "\n"
