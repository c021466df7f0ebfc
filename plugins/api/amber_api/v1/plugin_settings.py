"""`…/plugins/{name}/settings`: what a plugin is set to, in the installation, an organisation or a project."""

import asyncio
from typing import Annotated, Any

from litestar import get, patch
from litestar.params import JSONBody
from msgspec import Meta, Struct

from amber.model import SettingForm, SettingPlace
from amber_api.v1.paths import PluginPath, ProjectPath
from amber_api.v1.shapes import PROBLEMS
from amber_api.v1.tenant import Caller, Tenant

Values = JSONBody[
    Annotated[
        dict[str, Any],
        Meta(description="The values to set; null takes one back, so that what is set further up holds"),
    ]
]


class SettingAnswer(Struct, frozen=True):
    """One value: what is set here, and what holds without. Of a secret only whether one is kept here."""

    name: str
    description: str
    kind: str
    value: Any
    inherited: Any
    is_pinned: bool
    is_kept: bool


@get("/plugins/{name:str}/settings", action="admin", tags=["plugins"], responses=PROBLEMS)
async def installation_settings(tenant: Caller, name: PluginPath) -> list[SettingAnswer]:
    """What the plugin is set to for the whole installation; what `amber.toml` sets is pinned."""
    return _shown(tenant, name, SettingPlace())


@patch("/plugins/{name:str}/settings", action="admin", tags=["plugins"], responses=PROBLEMS)
async def set_installation(tenant: Caller, name: PluginPath, data: Values) -> list[SettingAnswer]:
    """Set values for the whole installation; the plugin starts anew in every process within a second."""
    return await _set(tenant, name, SettingPlace(), data)


@get("/organisation/plugins/{name:str}/settings", action="org:admin", tags=["plugins"], responses=PROBLEMS)
async def organisation_settings(tenant: Caller, name: PluginPath) -> list[SettingAnswer]:
    """What the plugin is set to for the caller's organisation."""
    return _shown(tenant, name, SettingPlace(tenant.whole()))


@patch("/organisation/plugins/{name:str}/settings", action="org:admin", tags=["plugins"], responses=PROBLEMS)
async def set_organisation(tenant: Caller, name: PluginPath, data: Values) -> list[SettingAnswer]:
    """Set values for all projects of the caller's organisation."""
    return await _set(tenant, name, SettingPlace(tenant.whole()), data)


@get("/projects/{project:str}/plugins/{name:str}/settings", action="project:read", tags=["plugins"], responses=PROBLEMS)
async def project_settings(tenant: Caller, project: ProjectPath, name: PluginPath) -> list[SettingAnswer]:
    """What the plugin is set to for a project."""
    return _shown(tenant, name, await asyncio.to_thread(_place, tenant, project))


@patch(
    "/projects/{project:str}/plugins/{name:str}/settings", action="project:admin", tags=["plugins"], responses=PROBLEMS
)
async def set_project(tenant: Caller, project: ProjectPath, name: PluginPath, data: Values) -> list[SettingAnswer]:
    """Set values for a project."""
    return await _set(tenant, name, await asyncio.to_thread(_place, tenant, project), data)


def _place(tenant: Tenant, ref: str) -> SettingPlace:
    project = tenant.project(ref)
    return SettingPlace(project.organisation, project.id)


async def _set(tenant: Tenant, plugin: str, place: SettingPlace, values: dict[str, Any]) -> list[SettingAnswer]:
    audit = tenant.audit("settings.change", f"plugin:{plugin}")
    await tenant.kernel("settings").change(plugin, values, place, audit)
    return _shown(tenant, plugin, place)


def _shown(tenant: Tenant, plugin: str, place: SettingPlace) -> list[SettingAnswer]:
    form: SettingForm = tenant.kernel("settings").form(plugin, place)
    return [
        SettingAnswer(
            one.field.name,
            one.field.description,
            one.field.kind,
            one.value,
            one.inherited,
            one.is_pinned,
            one.is_kept,
        )
        for one in form.fields
    ]


HANDLERS = (
    installation_settings,
    set_installation,
    organisation_settings,
    set_organisation,
    project_settings,
    set_project,
)
