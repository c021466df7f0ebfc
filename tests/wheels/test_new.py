"""`amber new`: names that can be used, folders that are whole or not there, plugins of each kind that are sound."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from amber.errors import ConfigError
from amber.testing.new import KINDS, new


def begin(*words: "str | Path") -> str:
    """What the command prints. Raises what it raises."""
    result = CliRunner().invoke(new, [str(word) for word in words], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Weekday", "cannot be a plugin's name.*try weekday"),
        ("git-blame", "cannot be a plugin's name.*try git_blame"),
        ("9lives", "cannot be a plugin's name.*try lives"),
        ("x__y", "cannot be a plugin's name.*try x_y"),
        ("../x", "cannot be a plugin's name"),
        ("ünder", "cannot be a plugin's name"),
        ("x\n", "cannot be a plugin's name"),
        ("", "cannot be a plugin's name"),
        ("x" * 41, "40 characters at most"),
        ("kernel", "reserved"),
        ("class", "reserved"),
        ("console", "reserved"),
        ("scrub", "a plugin 'scrub' already, of amber-enrichment"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_with_the_reason(name: str, said: str, elsewhere: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        begin("--", name)
    assert list(elsewhere.iterdir()) == []


def test_a_package_that_is_there_is_not_shadowed(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "amber_customer").mkdir()
    monkeypatch.syspath_prepend(elsewhere)
    with pytest.raises(ConfigError, match="a package amber_customer already"):
        begin("customer")


def test_a_folder_that_is_there_is_left_alone(elsewhere: Path) -> None:
    (elsewhere / "amber-customer").mkdir()
    (elsewhere / "dangling").symlink_to("nowhere")
    for path in ("amber-customer", "dangling"):
        with pytest.raises(ConfigError, match=f"{path} exists already; nothing was written"):
            begin("customer", "--path", path)
    assert sorted(path.name for path in elsewhere.rglob("*")) == ["amber-customer", "dangling"]


def test_what_cannot_be_written_whole_leaves_nothing(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ConfigError, match="cannot be written: No space left"):
        begin("customer")
    assert list(elsewhere.iterdir()) == []


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(click.BadParameter):
        begin("customer", "--kind", "magic")


@pytest.mark.parametrize(("kind", "needs"), [("page", "`ui_pages`, `rights.roles`"), ("enrichment", "")])
def test_a_plugin_that_must_run_inside_says_so_before_it_is_refused(kind: str, needs: str, elsewhere: Path) -> None:
    told = begin("my_plugin", "--kind", kind)
    readme = (elsewhere / "amber-my-plugin" / "README.md").read_text("utf-8")
    trust = '[plugins.my_plugin]\n{}isolation = "inline"\n'
    assert (trust.format("  ") in told, trust.format("") in readme) == (bool(needs), bool(needs))
    assert f"own processes: {needs}." in readme or not needs


@pytest.mark.parametrize("kind", KINDS)
def test_a_plugin_of_each_kind_is_named_alike_everywhere(kind: str, elsewhere: Path) -> None:
    assert "amber plugins install ./deep/folder\n" in begin("my_plugin", "--kind", kind, "--path", Path("deep/folder"))
    folder = elsewhere / "deep" / "folder"
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    manifest = tomllib.loads((folder / "amber_my_plugin" / "plugin.toml").read_text("utf-8"))
    assert project["name"] == "amber-my-plugin"
    assert project["entry-points"]["amber.plugins"] == {"my_plugin": "amber_my_plugin"}
    assert (manifest["name"], manifest["title"]) == ("my_plugin", "My plugin")
    left = [file for file in folder.rglob("*") if file.is_file() and "$" in file.read_text("utf-8")]
    assert [file.name for file in left if file.suffix not in (".py", ".yml")] == []
    assert "${{ matrix.python }}" in (folder / ".github" / "workflows" / "test.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def each_kind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plugin of each kind, and a `site` they are installed into."""
    folder = tmp_path_factory.mktemp("kinds")
    for kind in KINDS:
        begin(f"my_{kind}", "--kind", kind, "--path", folder / kind)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target=site"]
    subprocess.run([*pip, *(f"./{kind}" for kind in KINDS)], cwd=folder, check=True)
    return folder


def test_what_is_written_is_sound(each_kind: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    rules = ["--isolated", "--no-cache", "--line-length=120", f"--config=src = {list(KINDS)}"]
    subprocess.run([*ruff, "check", *rules, "--select=E,F,W,I,B,UP,SIM,RUF,PT", *KINDS], cwd=each_kind, check=True)
    subprocess.run([*ruff, "format", "--check", *rules, *KINDS], cwd=each_kind, check=True)
    typed = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", each_kind / "cache"]
    packages = [f"{kind}/amber_my_{kind}" for kind in KINDS]
    answer = subprocess.run([*typed, *packages], cwd=each_kind, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout


def pytest_in(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """A run of pytest where those plugins are installed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    clean = os.environ | {"PYTHONPATH": str(folder / "site")}
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True)


@pytest.mark.measured
@pytest.mark.parametrize("kind", KINDS)
def test_the_tests_of_each_kind_pass_without_any_conftest(kind: str, each_kind: Path) -> None:
    assert not list(each_kind.glob(f"{kind}/**/conftest.py"))
    answer = pytest_in(each_kind, kind, "-k", "not TestContract")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.measured
def test_each_kind_earns_silver_as_it_stands(each_kind: Path) -> None:
    named = [f"--plugin=my_{kind}" for kind in KINDS]
    report = each_kind / "report.json"
    answer = pytest_in(each_kind, "--pyargs", "amber.testing.contract", *named, f"--contract-report={report}")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    told = json.loads(report.read_bytes())["plugins"]
    assert {one["plugin"]: one["tier"] for one in told} == {f"my_{kind}": "silver" for kind in KINDS}
    assert {reason["suite"] for one in told for reason in one["reasons"]} == {"distribution"}
