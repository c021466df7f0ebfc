"""Manifest, entry point, folder and workspace say the same about every first-party plugin."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from amber.plugin.manifest import read_manifest

Distributions = dict[str, dict[str, Any]]


def entries(distributions: Distributions) -> dict[str, str]:
    """Each plugin's name with its module."""
    return {
        name: module
        for project in distributions.values()
        for name, module in project["entry-points"]["amber.plugins"].items()
    }


def test_every_manifest_belongs_to_an_entry_point(
    root: Path, manifests: list[Path], distributions: Distributions
) -> None:
    modules = {".".join(path.relative_to(root).parts[2:-1]) for path in manifests}
    assert modules == set(entries(distributions).values())


def test_every_manifest_can_be_read_and_bears_its_plugins_name(distributions: Distributions) -> None:
    for name, module in entries(distributions).items():
        manifest = read_manifest(EntryPoint(name, module, "amber.plugins"))
        assert manifest.name == name
        assert manifest.title
        assert manifest.summary.endswith(".")


def test_no_two_plugins_share_a_name(distributions: Distributions) -> None:
    names = [name for project in distributions.values() for name in project["entry-points"]["amber.plugins"]]
    assert sorted(names) == sorted(set(names))


def test_a_family_is_named_alike_everywhere(root: Path, distributions: Distributions, project: dict[str, Any]) -> None:
    families = set(distributions)
    names = {f"amber-{family}" for family in families}
    packages = {f"amber_{family}" for family in families}
    linter = project["tool"]["importlinter"]
    assert {given["name"] for given in distributions.values()} == names
    assert {path.name for path in root.glob("plugins/*/amber_*")} == packages
    assert set(project["project"]["optional-dependencies"]["standard"]) == names
    assert set(project["tool"]["uv"]["sources"]) - {"amber"} == names
    assert set(linter["root_packages"]) - {"amber"} == packages
    assert set(project["tool"]["coverage"]["run"]["source_pkgs"]) - {"amber"} == packages
    assert set(linter["contracts"][1]["forbidden_modules"]) == packages
    assert set(linter["contracts"][2]["modules"]) == packages
    assert set(project["tool"]["mypy"]["mypy_path"].split(":")) - {"kernel", "tools"} == {
        f"plugins/{name}" for name in families
    }


@pytest.mark.parametrize("field", ["version", "license", "requires-python"])
def test_distributions_agree_on_their(field: str, distributions: Distributions, project: dict[str, Any]) -> None:
    assert {given[field] for given in distributions.values()} == {project["project"][field]}
