"""What Amber asks of every plugin, as tests.

`pytest --pyargs amber.testing.contract --plugin NAME` runs them on an installed plugin. In the plugin's own tests:

    class TestContract(PluginContract):
        name = "weekday"

`config` holds values for those keys of its table that it cannot do without; `rounds` is how often it is switched.
"""

from amber.testing.contract.plugin.answers import AnswersContract
from amber.testing.contract.plugin.events import EventsContract
from amber.testing.contract.plugin.manifest import ManifestContract
from amber.testing.contract.plugin.settings import SettingsContract
from amber.testing.contract.plugin.toggling import TogglingContract

__all__ = ["PluginContract"]


class PluginContract(ManifestContract, SettingsContract, EventsContract, AnswersContract, TogglingContract):
    """`name` is the plugin's; it must be installed, though not enabled."""
