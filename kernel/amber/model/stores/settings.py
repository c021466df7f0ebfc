"""What a directory promises about the settings of plugins."""

from typing import Protocol

from amber.model.people import AuditEntry
from amber.model.settings import PluginSettings


class Settings(Protocol):
    """The part of the directory that keeps what people set for plugins."""

    def plugin_settings(self) -> tuple[PluginSettings, ...]:
        """All there are, of every plugin and place."""

    def set_plugin_settings(self, settings: PluginSettings, audit: AuditEntry) -> None:
        """Replace what is set for a plugin in one place; without values nothing is set there any more.

        The fact `settings.changed` tells of it; the audit log holds the names of what changed, and no values.
        """
