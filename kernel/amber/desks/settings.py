"""The desk where plugins' settings are looked at and changed: for the installation, an organisation or a project."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, structs

from amber.desks.overrides import ENABLED, Overrides, Switch, without_switch
from amber.errors import ConfigError, Reject
from amber.model import AuditEntry, Directory, FormField, PluginSettings, SettingField, SettingForm, SettingPlace
from amber.plugin.forms import entered, fields_of, secrets_of
from amber.registry import Plugin, Registry
from amber.tables.vault import Vault, is_sealed

HIDDEN = "•••"
"""What is shown where a secret is kept further up."""


INSTALLATION = SettingPlace()


class NoSettings(Struct, frozen=True):
    """What plugins without a `Config` can be set to."""


class SettingsParts(Struct, frozen=True):
    """What the desk works with. `settle` lets this process go by what was changed; the others hear of it by a fact."""

    registry: Registry
    overrides: Overrides
    vault: Callable[[], Vault]
    directory: Callable[[], Directory]
    is_needed: Callable[[str], bool]
    settle: Callable[[], Awaitable[None]]


class SettingsDesk:
    """What plugins reach as `ctx.kernel("settings")`. Whoever asks has checked that the principal may."""

    def __init__(self, parts: SettingsParts) -> None:
        self._parts = parts

    def forms(self, place: SettingPlace = INSTALLATION) -> list[SettingForm]:
        """Every plugin for which something can be set in this place, by title."""
        found = [self._form(plugin, place) for plugin in self._parts.registry.plugins.values()]
        return sorted((form for form in found if form.fields), key=lambda form: form.title)

    def form(self, plugin: str, place: SettingPlace = INSTALLATION) -> SettingForm:
        """What can be set for one plugin in this place. Raises Reject with 404 where that is nothing."""
        known = self._parts.registry.plugins.get(plugin)
        form = self._form(known, place) if known is not None else None
        if form is None or not form.fields:
            raise Reject(f"for a plugin {plugin!r} nothing can be set here", status=404)
        return form

    async def change(self, plugin: str, values: Mapping[str, Any], place: SettingPlace, audit: AuditEntry) -> None:
        """Set these values (texts from a form, or what JSON holds); None takes one back, what is not named stays.

        It holds in every process within a second. Raises Reject with a cause for each field in the way.
        """
        form = self.form(plugin, place)
        if form.fixed:
            raise Reject(form.fixed, status=409)
        _refuse(form, values)
        kept = self._changed(plugin, values, place)
        self._try(plugin, kept, place)
        row = PluginSettings(plugin, kept, *place.key)
        await asyncio.to_thread(self._parts.directory().set_plugin_settings, row, audit)
        await self._parts.settle()

    def _changed(self, plugin: str, values: Mapping[str, Any], place: SettingPlace) -> dict[str, Any]:
        """What is set in this place afterwards, as it is kept: secrets sealed."""
        schema = schema_of(self._parts.registry.plugins[plugin])
        given = {name: value for name, value in values.items() if value is not None}
        typed = entered(schema, without_switch(given)) | entered(Switch, {ENABLED: given.get(ENABLED)})
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(typed, enc_hook=str))
        sealed = {name: self._parts.vault().seal(plain[name]) for name in secrets_of(schema) & plain.keys()}
        before = self._parts.overrides.at(plugin, *place.key)
        return {name: value for name, value in before.items() if name not in values} | plain | sealed

    def _try(self, plugin: str, kept: Mapping[str, Any], place: SettingPlace) -> None:
        """Make the configuration that would hold. Raises Reject if the plugin could not do with it."""
        registry, overrides = self._parts.registry, self._parts.overrides
        try:
            if place == INSTALLATION:
                registry.config_of(plugin, kept)
            elif (config := registry.plugins[plugin].config) is not None:
                structs.replace(config, **entered(type(config), overrides.opened(without_switch(kept))))
        except (ConfigError, ValueError) as error:
            words = str(error).removeprefix(f"[plugins.{plugin}] ")
            raise Reject("some fields cannot be used", causes=tuple(words.split("; "))) from error

    def _form(self, plugin: Plugin, place: SettingPlace) -> SettingForm:
        manifest = plugin.manifest
        title, summary = (manifest.title, manifest.summary) if manifest is not None else (plugin.name, "")
        fields = tuple(self._field(plugin, field, place) for field in self._asked(plugin, place))
        return SettingForm(plugin.name, title, summary, fields, self._fixed(plugin, place))

    def _asked(self, plugin: Plugin, place: SettingPlace) -> list[FormField]:
        """What can be set in this place: everything for the installation, below it what the manifest lists."""
        if plugin.module is None or plugin.manifest is None:
            return []
        every = fields_of(schema_of(plugin))
        if place == INSTALLATION:
            return list(every)
        scopes = plugin.manifest.settings
        theirs = scopes.project if place.project is not None else scopes.organisation
        return [field for field in (*fields_of(Switch), *every) if field.name in theirs]

    def _fixed(self, plugin: Plugin, place: SettingPlace) -> str:
        is_needed = place == INSTALLATION and self._parts.is_needed(plugin.name)
        return "Amber cannot start without it, so its settings stand in amber.toml alone." if is_needed else ""

    def _field(self, plugin: Plugin, field: FormField, place: SettingPlace) -> SettingField:
        name = field.name
        own = self._parts.overrides.at(plugin.name, *place.key).get(name)
        further_up = self._further_up(plugin, field, place)
        if field.kind == "secret":
            shown = HIDDEN if further_up else None
            return SettingField(field, None, shown, self._is_pinned(plugin, name, place), is_sealed(own))
        return SettingField(field, own, further_up, self._is_pinned(plugin, name, place))

    def _is_pinned(self, plugin: Plugin, name: str, place: SettingPlace) -> bool:
        return place == INSTALLATION and name in self._parts.registry.table(plugin.name)

    def _further_up(self, plugin: Plugin, field: FormField, place: SettingPlace) -> Any:
        """What holds where nothing is set in this place."""
        if place == INSTALLATION:
            is_pinned = self._is_pinned(plugin, field.name, place)
            return _plain(getattr(plugin.config, field.name, field.default)) if is_pinned else field.default
        if place.project is not None and place.organisation is not None:
            above = self._parts.overrides.below(plugin.name, place.organisation, None)
            if field.name in above:
                return above[field.name]
        return _plain(getattr(plugin.config, field.name, field.default))


def _refuse(form: SettingForm, values: Mapping[str, Any]) -> None:
    """Raise Reject where one of these cannot be set here."""
    pinned = {one.field.name for one in form.fields if one.is_pinned}
    free = {one.field.name for one in form.fields} - pinned
    causes = [f"{name}: is set in amber.toml" if name in pinned else f"{name}: cannot be set here" for name in values]
    refused = tuple(cause for name, cause in zip(values, causes, strict=True) if name not in free)
    if refused:
        raise Reject("some fields cannot be used", causes=refused)


def schema_of(plugin: Plugin) -> type[Struct]:
    """The Struct that says what the plugin can be set to; one without fields, where that is nothing."""
    found: type[Struct] = getattr(plugin.module, "Config", NoSettings)
    return found


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=str)
