"""The contract of plugins, held to those that `--plugin` names."""

from amber.testing.contract.naming import parametrize as pytest_generate_tests
from amber.testing.contract.plugin import PluginContract

__all__ = ["TestPlugin", "pytest_generate_tests"]


class TestPlugin(PluginContract):
    pass
