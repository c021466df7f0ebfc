"""The figures in the documentation are those that were measured, and the bench counts as it says."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def bench(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The package in `tests/bench`, which is run with `tests` on its path."""
    monkeypatch.syspath_prepend(root / "tests")
    for name in ("measures", "table", "results", "soak", "__main__"):
        importlib.import_module(f"bench.{name}")
    return importlib.import_module("bench")


def test_the_page_shows_what_was_measured(bench: ModuleType) -> None:
    results = bench.results
    assert results.PAGE.read_text() == results.page(results.load()), "make bench SAVE=1 writes it; not by hand"


def test_a_figure_is_the_median_and_is_held_against_its_bar(bench: ModuleType) -> None:
    row, bar = bench.table.Row, bench.table.Bar
    assert row("x", bar(10, times=5), (9, 20, 11), (2, 3, 1)).cells() == ("x", "≥ 10, ≥ 5 ×", "11", "5.5", "met")
    assert row("x", bar(10, times=6), (9, 20, 11), (2, 3, 1)).verdict() == "short"
    assert row("x", bar(10, times=6), (11,)).verdict() == "met"
    assert row("x", bar(10, is_most=True), (11,)).verdict() == "short"
    assert row("x", bar(), (11,)).verdict() == ""


def test_an_event_that_shows_late_is_late_by_what_it_waited(bench: ModuleType) -> None:
    seen = [(100.0, 0), (100.1, 2), (100.9, 4)]
    late = bench.measures.delays(seen, started=100.0, rate=10.0)
    assert late == pytest.approx([0.1, 0.0, 0.7, 0.6])
    assert bench.measures.percentile(late, 0.99) == pytest.approx(0.7)


def test_what_grows_over_a_soak_is_seen(bench: ModuleType) -> None:
    def sample(number: int, pss: float, micros: float) -> object:
        held = bench.processes.Use(pss=pss, files=50, threads=20)
        return bench.soak.Sample(number * 10_000, held, micros, 1000.0)

    flat = bench.soak.rows([sample(number, 300.0, 500.0) for number in range(100)])
    assert {row.verdict() for row in flat} == {"met", ""}
    grown = bench.soak.rows([sample(number, 300.0 + number, 500.0 + 3 * number) for number in range(100)])
    assert [row.verdict() for row in grown] == ["short", "met", "met", "short", ""]
