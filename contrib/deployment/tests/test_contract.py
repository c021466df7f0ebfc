"""What Amber asks of every plugin."""

from amber.testing.contract.plugin import PluginContract


class TestContract(PluginContract):
    name = "deployment"
