"""What people set for plugins, as every process has it in memory: for the installation, organisations and projects."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from amber.errors import AmberError
from amber.model import PluginSettings, Project
from amber.plugin.forms import entered
from amber.registry import Registry
from amber.tables.vault import Vault, is_sealed

log = logging.getLogger("amber.overrides")
Place = tuple[str, int | None, int | None]
ENABLED = "enabled"
"""What a manifest lists where an organisation or a project may do without the plugin."""


class Switch(Struct, frozen=True):
    """Whether a plugin that runs works for an organisation or a project."""

    enabled: Annotated[
        bool, Meta(description="Whether it works here. Off, it is asked nothing about what happens here.")
    ] = True


class Overrides:
    """Answers `ctx.settings(project)`, and who does without a plugin, without waiting for anything."""

    def __init__(self, registry: Registry, vault: Callable[[], Vault]) -> None:
        self._registry, self._vault = registry, vault
        self._rows: Mapping[Place, Mapping[str, Any]] = {}
        self._made: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._switched: frozenset[str] = frozenset()

    def take(self, rows: Sequence[PluginSettings]) -> bool:
        """Go by these settings from now on; whether they differ from those before."""
        taken = {(row.plugin, row.organisation, row.project): row.values for row in rows}
        if taken == self._rows:
            return False
        self._rows, self._made = taken, {}
        self._switched = frozenset(plugin for (plugin, *place), row in taken.items() if ENABLED in row and any(place))
        return True

    def is_switched(self, plugin: str) -> bool:
        """Whether it may be off for anybody."""
        return plugin in self._switched

    def is_off(self, plugin: str, organisation: int, project: int | None = None) -> bool:
        """Whether an organisation, or this project of it, does without a plugin."""
        return self.is_switched(plugin) and self.below(plugin, organisation, project).get(ENABLED) is False

    def at(self, plugin: str, organisation: int | None = None, project: int | None = None) -> Mapping[str, Any]:
        """What was set in one place, secrets sealed."""
        return self._rows.get((plugin, organisation, project), {})

    def of_installation(self) -> dict[str, Mapping[str, Any]]:
        """What was set for the installation, by plugin, secrets sealed."""
        return {plugin: row for (plugin, *place), row in self._rows.items() if place == [None, None]}

    def opened(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values with their secrets readable. Raises Reject where a key is missing."""
        return {name: self._vault().open(value) if is_sealed(value) else value for name, value in values.items()}

    def settings(self, plugin: str, config: Any, project: Project) -> Any:
        """The configuration of a plugin as it holds for a project."""
        made = self._made.get((plugin, project.id))
        if made is not None and made[0] is config:
            return made[1]
        own = without_switch(self.below(plugin, project.organisation, project.id))
        found = self._laid_over(plugin, config, own) if own and config is not None else config
        self._made[plugin, project.id] = config, found
        return found

    def below(self, plugin: str, organisation: int, project: int | None) -> dict[str, Any]:
        """What an organisation, and a project of it, have of their own, as far as the manifest lets them."""
        manifest = self._registry.plugins[plugin].manifest if plugin in self._registry.plugins else None
        if manifest is None:
            return {}
        theirs = self.at(plugin, organisation=organisation)
        found = {name: value for name, value in theirs.items() if name in manifest.settings.organisation}
        own = self.at(plugin, project=project) if project is not None else {}
        return found | {name: value for name, value in own.items() if name in manifest.settings.project}

    def _laid_over(self, plugin: str, config: Any, own: Mapping[str, Any]) -> Any:
        try:
            return structs.replace(config, **entered(type(config), self.opened(own)))
        except (AmberError, ValueError) as error:  # what was set under another version of the plugin, or another key
            log.error("settings of plugin %s cannot be used, so those from further up hold: %s", plugin, error)
            return config


def without_switch(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of these values belongs to the plugin's `Config`."""
    return {name: value for name, value in values.items() if name != ENABLED}
