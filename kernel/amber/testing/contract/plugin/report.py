"""Which tier a plugin has earned, and what keeps it from the next one."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from amber.plugin.manifest import API
from amber.testing.contract.plugin.fitting import TIERS, fits, subject_of, suite_of, tier_of
from amber.testing.subject import Subject
from amber.version import version

FORMAT = 1
"""Of the report: within one, fields are only added."""
NONE, PARTLY = "none", "only a part of the contract ran: run all of it to learn the tier"


class Case(Struct, frozen=True):
    """One test of the contract, about one plugin."""

    plugin: str
    suite: str
    tier: str
    test: str


class Suite(Struct):
    """How one suite went."""

    passed: int = 0
    failed: int = 0


class Reason(Struct, frozen=True):
    """What keeps a plugin from a tier: the suite, the test, and what to do about it."""

    tier: str
    suite: str
    test: str
    mend: str


class Verdict(Struct, frozen=True):
    """What the contract says of one plugin. `tier` is bronze, silver, gold or none."""

    plugin: str
    distribution: str
    version: str
    tier: str
    reasons: tuple[Reason, ...]
    suites: Mapping[str, Suite]


class Report(Struct, frozen=True):
    """What `--contract-report` writes. `at` is Unix seconds."""

    plugins: tuple[Verdict, ...]
    amber: str
    api: int = API
    format: int = FORMAT
    at: float = 0.0


def tier_after(failed: Sequence[str]) -> str:
    """The highest tier of which, and of those below, no test failed."""
    lost = min((TIERS.index(tier) for tier in failed), default=len(TIERS))
    return TIERS[lost - 1] if lost else NONE


def judge(subject: Subject, cases: Mapping[str, Case], results: Mapping[str, str | None]) -> Verdict:
    """The verdict on one plugin. `results` holds what each test failed with, None where it passed; one that is not
    among them did not run, and so is there for nobody to judge.
    """
    mine = {node: case for node, case in cases.items() if case.plugin == subject.name}
    suites: dict[str, Suite] = {}
    reasons = [Reason(TIERS[0], "contract", "", PARTLY)] if "" in results or not mine.keys() <= results.keys() else []
    for node in mine.keys() & results.keys():
        case, mend = mine[node], results[node]
        suite = suites.setdefault(case.suite, Suite())
        suite.passed += mend is None
        suite.failed += mend is not None
        if mend is not None:
            reasons.append(Reason(case.tier, case.suite, case.test, mend))
    reasons.sort(key=lambda one: (TIERS.index(one.tier), one.suite, one.test))
    dist = subject.entry.dist
    owner = (dist.name, dist.version) if dist else ("", "")
    return Verdict(subject.name, *owner, tier_after([one.tier for one in reasons]), tuple(reasons), suites)


def first_words(report: pytest.TestReport) -> str:
    """What a test failed with, as the sentence that its assertion says."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(crash.message if crash is not None else report.longrepr).strip()
    line = text.splitlines()[0] if text else "it failed"
    return line.removeprefix("AssertionError: ").removeprefix("Failed: ")[:500]


class Reporter:
    """Watches a run of the contract; at its end it says the tier of each plugin that `--plugin` named."""

    def __init__(self, config: pytest.Config) -> None:
        self._file, self._is_whole = config.getoption("contract_report"), _is_whole(config)
        self._cases: dict[str, Case] = {}
        self._subjects: dict[str, Subject] = {}
        self._results: dict[str, str | None] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Note what should run, before anybody leaves something out."""
        for item in items:
            if getattr(getattr(item, "cls", None), "suite", None) is not None and fits(item):
                subject = subject_of(item)
                self._subjects[subject.name] = subject
                self._cases[item.nodeid] = Case(subject.name, suite_of(item), tier_of(item), item.originalname)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test went; a failure while it was set up or taken down counts too."""
        if report.nodeid in self._cases:
            if report.failed or hasattr(report, "wasxfail"):
                self._results[report.nodeid] = first_words(report)
            elif report.when == "call" and report.passed:
                self._results.setdefault(report.nodeid, None)

    def report(self) -> Report:
        """What is to be said."""
        left = {node: case for node, case in self._cases.items() if self._is_whole or node in self._results}
        known = self._results if self._is_whole else {**self._results, "": PARTLY}
        found = (judge(subject, left, known) for subject in self._subjects.values())
        return Report(tuple(found), version(), at=round(time.time(), 3))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say it, and write it down where that is wanted."""
        if not self._results:
            return
        report = self.report()
        terminalreporter.section("Amber's contract")
        for verdict in report.plugins:
            terminalreporter.line("\n".join(lines(verdict)))
        if self._file:
            Path(self._file).write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def lines(verdict: Verdict) -> list[str]:
    """The verdict for people."""
    suites = ", ".join(
        f"{name} {suite.passed}/{suite.passed + suite.failed}" for name, suite in sorted(verdict.suites.items())
    )
    head = f"{verdict.plugin} {verdict.version}: {verdict.tier}" + (f"  ({suites})" if suites else "")
    reasons = [
        f"  not {one.tier}: {one.suite}: {one.test.removeprefix('test_').replace('_', ' ')}: {one.mend}"
        + (f" ({times} times)" if times > 1 else "")
        for one, times in Counter(verdict.reasons).items()
    ]
    return [head, *reasons]


def _is_whole(config: pytest.Config) -> bool:
    """Whether nobody chose among the tests."""
    chosen = (config.getoption("keyword"), config.getoption("markexpr"), config.getoption("deselect", None))
    return not any(chosen) and not any("::" in one for one in config.args)
