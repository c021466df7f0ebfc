"""What people set for plugins while Amber runs: for the installation, for an organisation, for a project."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber.model.notices import FormField


class PluginSettings(Struct, frozen=True):
    """The values of a plugin's `Config` that were set in one place, as JSON holds them; secrets are sealed.

    The place is the installation where both ids are None, else the organisation or the project.
    """

    plugin: str
    values: Mapping[str, Any]
    organisation: int | None = None
    project: int | None = None


class SettingPlace(Struct, frozen=True):
    """Where something is set: in the installation where both are None, an organisation, or a project of it."""

    organisation: int | None = None
    project: int | None = None

    @property
    def key(self) -> tuple[int | None, int | None]:
        """How the directory knows it."""
        return (None, self.project) if self.project is not None else (self.organisation, None)


class SettingField(Struct, frozen=True):
    """One value of a plugin's `Config` in one place, as a form asks for it.

    `value` is what was set here, None where nothing was: then `inherited` holds, from further up or by default. What
    `is_pinned` is set in `amber.toml`, and not to be set here. Of a secret nothing is told but that one `is_kept` here.
    """

    field: FormField
    value: Any = None
    inherited: Any = None
    is_pinned: bool = False
    is_kept: bool = False


class SettingForm(Struct, frozen=True):
    """What can be set for a plugin in one place. `fixed` says why nothing can be; empty where something can."""

    plugin: str
    title: str
    summary: str
    fields: tuple[SettingField, ...]
    fixed: str = ""
