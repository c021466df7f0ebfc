"""What CI adds to `make check test`."""

import subprocess
import sys
from pathlib import Path

import pytest

REPORT = '<testsuites><testsuite><testcase classname="tests.one" name="test_it">{}</testcase></testsuite></testsuites>'


def judged(root: Path, report: Path, inside: str) -> "subprocess.CompletedProcess[str]":
    """What `tools/no_skips.py` says of a report with one test."""
    report.write_text(REPORT.format(inside), encoding="utf-8")
    command = [sys.executable, "tools/no_skips.py", str(report)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def test_a_skipped_test_fails_the_run_and_is_named(root: Path, tmp_path: Path) -> None:
    answer = judged(root, tmp_path / "report.xml", '<skipped message="no browser"/>')
    assert answer.returncode == 1
    assert "tests.one.test_it: no browser" in answer.stderr


@pytest.mark.parametrize("inside", ["", "<system-out>skipped</system-out>"])
def test_a_run_without_skips_passes(root: Path, tmp_path: Path, inside: str) -> None:
    assert judged(root, tmp_path / "report.xml", inside).returncode == 0


def test_the_script_is_sound_and_may_be_run(root: Path) -> None:
    script = root / ".ci" / "run"
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert script.stat().st_mode & 0o111
