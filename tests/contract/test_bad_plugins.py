"""The contract sees each plugin that breaks a rule, in the suite that the rule belongs to, and says what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .badplugins import BAD, install

CONTRACT = (sys.executable, "-m", "pytest", "--pyargs", "amber.testing.contract", "-q", "-p", "no:cacheprovider")
HASTY = """
from hypothesis import Phase, settings
settings.register_profile("hasty", phases=set(Phase) - {Phase.shrink, Phase.explain})
settings.load_profile("hasty")
"""
"""Who breaks a rule on purpose needs no smallest example of how: looking for one takes minutes."""
ALONE = {
    "believes_anything": {"delivery"},
    "draws_scripts": {"page"},
}
"""Some of the bad ones, with the suites that whole runs of the contract fail; what a bare package lacks is gold."""


def held(site: Path, *words: str) -> dict[str, Any]:
    """What the report says of each plugin, by name."""
    report = site / "report.json"
    answer = subprocess.run(
        [*CONTRACT, "-p", "hasty", "--show-capture=no", f"--contract-report={report}", "--tier=gold", *words],
        cwd=site,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 1, answer.stdout + answer.stderr
    return {one["plugin"]: one for one in json.loads(report.read_bytes())["plugins"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages that holds all of them."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "hasty.py").write_text(HASTY)
    for name, bad in BAD.items():
        install(folder, name, bad)
    return folder


@pytest.fixture(scope="module")
def verdicts(site: Path) -> dict[str, Any]:
    """What each is told by the test that is about what it does wrong."""
    chosen = " or ".join(f"({name} and {bad.test})" for name, bad in BAD.items())
    return held(site, *(f"--plugin={name}" for name in BAD), "-k", chosen)


@pytest.mark.parametrize("name", BAD)
def test_the_contract_sees_a_plugin_that(name: str, verdicts: dict[str, Any]) -> None:
    bad = BAD[name]
    reasons = [one for one in verdicts[name]["reasons"] if one["suite"] == bad.suite and bad.test in one["test"]]
    assert [one["mend"] for one in reasons if bad.mend in one["mend"]] != [], verdicts[name]["reasons"]


def test_every_suite_has_a_plugin_that_fails_it() -> None:
    suites = {"manifest", "import", "config", "hooks", "toggle", "migrations", "delivery", "crash", "protocol", "auth"}
    assert {bad.suite for bad in BAD.values()} == suites | {"page", "distribution", "webhook"}


@pytest.mark.measured
def test_a_rule_that_is_broken_fails_its_own_suite_alone(site: Path) -> None:
    found = held(site, *(f"--plugin={name}" for name in ALONE))
    for name, suites in ALONE.items():
        failed = {suite for suite, run in found[name]["suites"].items() if run["failed"]}
        assert failed == suites | {"distribution"}, found[name]["reasons"]


def test_a_part_of_the_contract_earns_no_tier(verdicts: dict[str, Any]) -> None:
    assert {one["tier"] for one in verdicts.values()} == {"none"}
    told = [[reason["mend"] for reason in one["reasons"]] for one in verdicts.values()]
    assert all(any("only a part" in mend for mend in mends) for mends in told)


OWN = """
from amber.testing.contract.plugin import PluginContract

class TestContract(PluginContract):
    name = "nobodys"
"""


@pytest.mark.measured
def test_the_contract_asks_for_a_plugin_there_is(tmp_path: Path) -> None:
    own = tmp_path / "test_contract.py"
    own.write_text(OWN)
    ask = [sys.executable, "-m", "pytest", "-q", str(own)]
    for command, said in (
        (list(CONTRACT), "name the plugin"),
        ([*CONTRACT, "--plugin=nobodys"], "ERROR: no plugin 'nobodys' is installed"),
        (ask, "ERROR: no plugin 'nobodys' is installed"),
    ):
        answer = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        told = answer.stdout + answer.stderr
        assert answer.returncode == pytest.ExitCode.USAGE_ERROR or "--plugin=nobodys" not in command
        assert said in told
        assert "Traceback" not in told
        assert "INTERNALERROR" not in told
