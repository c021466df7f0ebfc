"""`/projects/{project}/targets`: whom a project's news goes to."""

import asyncio
from typing import Annotated, Any, Literal

from litestar import delete, get, patch, post
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from amber.model import Target, TargetType, rfc3339
from amber_api.v1.attempts import AttemptItem, attempt_item
from amber_api.v1.paths import ProjectPath, TargetPath
from amber_api.v1.projects import Name
from amber_api.v1.query import invalid
from amber_api.v1.shapes import PROBLEMS, Listing, listing
from amber_api.v1.tenant import Caller

Kinds = Annotated[
    tuple[Literal["issue.created", "issue.regressed"], ...], Meta(max_length=20, description="What it is told of")
]
Settings = Annotated[dict[str, Any], Meta(max_length=50, description="What its plugin needs: see /target-types")]


class TargetItem(Struct, frozen=True):
    """A target; its secrets are never shown. `webhook_url` is where its receiver may answer, if its plugin listens."""

    id: str
    plugin: str
    name: str
    settings: dict[str, Any]
    kinds: list[str]
    is_enabled: bool
    created_at: str
    webhook_url: str | None


class NewTarget(Struct, frozen=True, forbid_unknown_fields=True):
    """A target to make."""

    plugin: Annotated[str, Meta(max_length=100, description="Which plugin delivers to it")]
    name: Name
    settings: Settings
    kinds: Kinds = ("issue.created", "issue.regressed")
    is_enabled: bool = True


class TargetPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a target. `settings` are replaced whole; a secret left empty stays."""

    name: Name | UnsetType = UNSET
    settings: Settings | UnsetType = UNSET
    kinds: Kinds | UnsetType = UNSET
    is_enabled: bool | UnsetType = UNSET


@get("/target-types", action="project:read", tags=["targets"], responses=PROBLEMS, sync_to_thread=True)
def list_target_types(tenant: Caller) -> Listing[TargetType]:
    """The kinds of targets there are, each with the settings it takes."""
    return Listing(list(tenant.kernel("targets").types()))


@get(
    "/projects/{project:str}/targets", action="project:admin", tags=["targets"], responses=PROBLEMS, sync_to_thread=True
)
def list_targets(tenant: Caller, project: ProjectPath) -> Listing[TargetItem]:
    """The project's targets, oldest first."""
    return listing(tenant.directory.targets(tenant.project(project).id), lambda one: _shown(tenant, one))


@post(
    "/projects/{project:str}/targets", action="project:admin", tags=["targets"], responses=PROBLEMS, sync_to_thread=True
)
def create_target(tenant: Caller, project: ProjectPath, data: JSONBody[NewTarget]) -> TargetItem:
    """Make a target."""
    known = tenant.project(project)
    settings = tenant.kernel("targets").check(data.plugin, data.settings)
    wanted = Target(
        0, known.id, data.plugin, data.name, settings, tuple(dict.fromkeys(data.kinds)), data.is_enabled, tenant.now
    )
    audit = tenant.audit("target.create", data.name, {"plugin": data.plugin, "project": known.slug})
    return _shown(tenant, tenant.directory.add_target(wanted, audit))


@get(
    "/projects/{project:str}/targets/{target:str}",
    action="project:admin",
    tags=["targets"],
    responses=PROBLEMS,
    sync_to_thread=True,
)
def get_target(tenant: Caller, project: ProjectPath, target: TargetPath) -> TargetItem:
    """One target."""
    return _shown(tenant, tenant.target(project, target))


@patch(
    "/projects/{project:str}/targets/{target:str}",
    action="project:admin",
    tags=["targets"],
    responses=PROBLEMS,
    sync_to_thread=True,
)
def change_target(tenant: Caller, project: ProjectPath, target: TargetPath, data: JSONBody[TargetPatch]) -> TargetItem:
    """Change a target."""
    known = tenant.target(project, target)
    changes: dict[str, object] = {
        name: value for name in TargetPatch.__struct_fields__ if (value := getattr(data, name)) is not UNSET
    }
    if not changes:
        invalid("body", "name one field to change at least", "body")
    told = {name: value for name, value in changes.items() if name != "settings"}  # they may hold secrets
    if data.settings is not UNSET:
        changes["settings"] = tenant.kernel("targets").check(known.plugin, data.settings, known.settings)
    if data.kinds is not UNSET:
        changes["kinds"] = tuple(dict.fromkeys(data.kinds))
    audit = tenant.audit("target.change", known.name, told)
    return _shown(tenant, tenant.directory.change_target(known.id, changes, audit))


@delete(
    "/projects/{project:str}/targets/{target:str}",
    action="project:admin",
    tags=["targets"],
    responses=PROBLEMS,
    sync_to_thread=True,
)
def remove_target(tenant: Caller, project: ProjectPath, target: TargetPath) -> None:
    """Take a target away, with its delivery log."""
    known = tenant.target(project, target)
    tenant.directory.remove_target(known.id, tenant.audit("target.remove", known.name))


@post(
    "/projects/{project:str}/targets/{target:str}/test",
    action="project:admin",
    tags=["targets"],
    responses=PROBLEMS,
    status_code=200,
)
async def try_target(tenant: Caller, project: ProjectPath, target: TargetPath) -> AttemptItem:
    """Send a test message now and tell what the receiver said; a failure is an answer too."""
    known = await asyncio.to_thread(tenant.target, project, target)
    return attempt_item(await tenant.kernel("targets").test(known, tenant.actor))


def _shown(tenant: Caller, one: Target) -> TargetItem:
    desk = tenant.kernel("targets")
    return TargetItem(
        id=str(one.id),
        plugin=one.plugin,
        name=one.name,
        settings=dict(desk.shown(one)),
        kinds=list(one.kinds),
        is_enabled=one.is_enabled,
        created_at=rfc3339(one.created_at),
        webhook_url=desk.address(one) or None,
    )


HANDLERS = (
    list_target_types,
    list_targets,
    create_target,
    get_target,
    change_target,
    remove_target,
    try_target,
)
