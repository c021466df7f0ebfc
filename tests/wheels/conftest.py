"""Wheels of everything, and a clean environment that holds the kernel and two plugins nobody here wrote for it."""

import venv
from collections.abc import Mapping
from pathlib import Path

import pytest

from .building import DISTRIBUTIONS, Environment, build, wheel_of


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The wheel of each distribution of this workspace."""
    folder = tmp_path_factory.mktemp("wheels")
    build(folder, *(project for project, _ in DISTRIBUTIONS.values()))
    return {name: wheel_of(folder, name) for name in DISTRIBUTIONS}


@pytest.fixture(scope="session")
def clean(wheels: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment into which plain pip has put the kernel, a plugin of contrib and one that `amber new` wrote."""
    made = Environment(tmp_path_factory.mktemp("clean") / "venv", tmp_path_factory.mktemp("work"))
    venv.create(made.prefix, with_pip=True)
    made.run("python", "-m", "pip", "install", "--quiet", f"{wheels['amber']}[testing]", wheels["amber-deployment"])
    made.run("amber", "new", "demo")
    build(made.folder, made.folder / "amber-demo")
    made.run("python", "-m", "pip", "install", "--quiet", wheel_of(made.folder, "amber-demo"))
    return made
