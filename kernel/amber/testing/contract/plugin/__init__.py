"""What Amber asks of every plugin, as tests, suite by suite.

`pytest --pyargs amber.testing.contract --plugin NAME` runs those that fit an installed plugin and says which tier it
has earned. In the plugin's own tests:

    class TestContract(PluginContract):
        name = "weekday"

`config` holds values for those keys of its table that it cannot do without, `target` those of its TargetConfig
(`{peer}` stands for the address of the contract's HTTP server); `rounds` is how often it is switched.
"""

from amber.testing.contract.plugin.answers import AnswersContract
from amber.testing.contract.plugin.auth import AuthContract
from amber.testing.contract.plugin.crash import CrashContract
from amber.testing.contract.plugin.delivery import ReceiverContract
from amber.testing.contract.plugin.distribution import DistributionContract
from amber.testing.contract.plugin.events import EventsContract
from amber.testing.contract.plugin.importing import ImportContract
from amber.testing.contract.plugin.manifest import ManifestContract
from amber.testing.contract.plugin.migrations import MigrationContract
from amber.testing.contract.plugin.page import PageContract
from amber.testing.contract.plugin.protocol import ProtocolContract
from amber.testing.contract.plugin.settings import SettingsContract
from amber.testing.contract.plugin.toggling import TogglingContract
from amber.testing.contract.plugin.webhooks import WebhookContract

__all__ = ["PluginContract"]


class PluginContract(
    ManifestContract,
    ImportContract,
    SettingsContract,
    EventsContract,
    AnswersContract,
    TogglingContract,
    MigrationContract,
    CrashContract,
    ReceiverContract,
    WebhookContract,
    ProtocolContract,
    AuthContract,
    PageContract,
    DistributionContract,
):
    """`name` is the plugin's; it must be installed, though not enabled."""
