"""What pip gets, and that it is enough: a stranger's plugin in an environment that holds nothing but the kernel."""

import json
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from .building import DISTRIBUTIONS, ROOT, Environment

PLUGINS = ("deployment", "demo")


def states(clean: Environment) -> dict[str, tuple[str, str]]:
    """Each plugin's state and the reason for it."""
    rows = json.loads(clean.run("amber", "plugins", "--json"))
    return {row["name"]: (row["state"], row["reason"]) for row in rows}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_wheel_holds_every_file_of_its_packages_and_no_other(name: str, wheels: Mapping[str, Path]) -> None:
    _, source = DISTRIBUTIONS[name]
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "amber*"]
    known = subprocess.run(listing, cwd=source, check=True, capture_output=True, text=True).stdout.split("\0")
    files = {file for file in known if file and (source / file).is_file()}
    packed = {file for file in zipfile.ZipFile(wheels[name]).namelist() if ".dist-info/" not in file}
    assert packed == files
    assert not any("tests" in Path(file).parts for file in packed if file.endswith(".py"))


def test_the_kernels_wheel_brings_types_template_and_assets(wheels: Mapping[str, Path]) -> None:
    packed = set(zipfile.ZipFile(wheels["amber"]).namelist())
    assert {
        "amber/py.typed",
        "amber/migrations/env.py",
        "amber/testing/template/every/pyproject.toml.template",
        "amber/assets/vendor/swagger-ui/swagger-ui.css",
    } <= packed


def test_the_template_in_contrib_is_the_one_that_is_shipped() -> None:
    template = ROOT / "contrib" / "template"
    assert template.is_symlink()
    assert not template.readlink().is_absolute()
    assert template.resolve() == ROOT / "kernel" / "amber" / "testing" / "template"


@pytest.mark.parametrize("name", PLUGINS)
def test_a_strangers_plugin_is_listed_disabled_and_runs_once_it_is_enabled(name: str, clean: Environment) -> None:
    (clean.folder / "amber.toml").unlink(missing_ok=True)
    state, reason = states(clean)[name]
    assert state == "disabled"
    assert f"[plugins.{name}] enabled = true" in reason
    enabled = f"[plugins.{name}]\nenabled = true\n"
    (clean.folder / "amber.toml").write_text(enabled)
    assert states(clean)[name][0] == "starting", "a worker runs it in a process of its own, and none is here"
    (clean.folder / "amber.toml").write_text(enabled + 'isolation = "inline"\n')
    assert states(clean)[name] == ("running", "")


def test_a_strangers_plugins_keep_the_contract(clean: Environment) -> None:
    named = [f"--plugin={name}" for name in PLUGINS]
    said = clean.run("python", "-m", "pytest", "--pyargs", "amber.testing.contract", *named, "-q")
    assert " passed" in said
    assert "skipped" not in said


@pytest.mark.parametrize("folder", ["amber-demo", ROOT / "contrib" / "deployment"], ids=PLUGINS[::-1])
def test_the_tests_that_come_with_it_pass(folder: "str | Path", clean: Environment) -> None:
    # its contract is the one that was just held to it
    assert " passed" in clean.run("python", "-m", "pytest", folder, "-q", "-k", "not Contract")


def test_the_environment_holds_nothing_else_of_amber(clean: Environment) -> None:
    listed = json.loads(clean.run("python", "-m", "pip", "list", "--format=json"))
    names = {row["name"] for row in listed}
    assert {name for name in names if name.startswith("amber")} == {"amber", "amber-demo", "amber-deployment"}
    assert names & {"jinja2", "sqlalchemy", "SQLAlchemy"} == names & {"sqlalchemy", "SQLAlchemy"}
