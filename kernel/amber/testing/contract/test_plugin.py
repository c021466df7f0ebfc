"""The contract of plugins, held to those that `--plugin` names."""

from pathlib import Path

import pytest

from amber.config import load
from amber.errors import ConfigError
from amber.testing.contract.plugin import PluginContract
from amber.testing.contract.plugin.subject import find_plugin


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test once for every plugin named."""
    names, file = metafunc.config.getoption("plugin"), metafunc.config.getoption("plugin_config")
    if not names:
        raise pytest.UsageError("name the plugin to look at: pytest --pyargs amber.testing.contract --plugin NAME")
    try:
        tables = load(Path(file), {}).plugins if file else {}
        found = [find_plugin(name, {k: v for k, v in tables.get(name, {}).items() if k != "enabled"}) for name in names]
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None
    metafunc.parametrize("subject", found, ids=names, indirect=True)


class TestPlugin(PluginContract):
    pass
