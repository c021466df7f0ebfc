"""The plugins that `--plugin` names, for every test of the contract."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from amber.config import load
from amber.errors import ConfigError
from amber.testing.contract.plugin.fitting import is_about
from amber.testing.subject import Subject, find_plugin

EVERYBODY = "all"
"""What names every installed plugin."""
FOUND = pytest.StashKey[list[Subject]]()


def named(config: pytest.Config) -> list[Subject]:
    """The plugins to look at. Raises UsageError where none is named, or one that is not there.

    They are looked for once: each time means reading the metadata of all that is installed, for each of the plugins.
    """
    if FOUND not in config.stash:
        config.stash[FOUND] = _find(config)
    return config.stash[FOUND]


def _find(config: pytest.Config) -> list[Subject]:
    names, file = config.getoption("plugin"), config.getoption("plugin_config")
    if EVERYBODY in names:
        names = sorted(entry.name for entry in entry_points(group="amber.plugins"))
    if not names:
        raise pytest.UsageError("name the plugin to look at: pytest --pyargs amber.testing.contract --plugin NAME")
    try:
        tables = load(Path(file), {}).plugins if file else {}
        return [
            find_plugin(name, {key: value for key, value in tables.get(name, {}).items() if key != "enabled"})
            for name in names
        ]
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Every test once for every plugin named that it fits. One that fits nobody is left out once it is collected."""
    every = named(metafunc.config)
    found = [subject for subject in every if is_about(subject, metafunc.cls, metafunc.function)] or every[:1]
    metafunc.parametrize("subject", found, ids=[subject.name for subject in found], indirect=True)
