"""`/projects`: one app whose errors are kept together."""

from typing import Annotated, Any

import msgspec
from litestar import get, patch, post
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from amber.model import LIMITS, Project, read_limits, rfc3339
from amber_api.v1.naming import LONGEST_SLUG, SLUG, Wanted, add_project
from amber_api.v1.paths import ProjectPath
from amber_api.v1.query import END, PLAIN, invalid
from amber_api.v1.settings import check_settings
from amber_api.v1.shapes import PROBLEMS, Listing, listing
from amber_api.v1.tenant import Caller

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=rf"^{PLAIN}*[^\s\x00-\x1f\x7f]{PLAIN}*{END}")]
Slug = Annotated[str, Meta(max_length=LONGEST_SLUG, pattern=SLUG, description="Without it, made from the name")]
Platform = Annotated[
    str, Meta(max_length=64, pattern=rf"^[a-z0-9._-]+{END}", description="Such as python or javascript")
]
Setting = Annotated[str, Meta(pattern=rf"^[a-z][a-z0-9_]{{0,63}}{END}")]


class ProjectItem(Struct, frozen=True):
    """A project."""

    id: str
    slug: str
    name: str
    platform: str
    created_at: str
    settings: dict[str, Any]


class NewProject(Struct, frozen=True, forbid_unknown_fields=True):
    """A project to make."""

    name: Name
    slug: Slug | UnsetType = UNSET
    platform: Platform = "other"


class ProjectPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a project. `settings` are merged key by key; null takes a key out."""

    name: Name | UnsetType = UNSET
    platform: Platform | UnsetType = UNSET
    settings: Annotated[dict[Setting, Any], Meta(max_length=100)] | UnsetType = UNSET


@get("/projects", action="project:read", tags=["projects"], responses=PROBLEMS, sync_to_thread=True)
def list_projects(tenant: Caller) -> Listing[ProjectItem]:
    """The projects the token may see, oldest first."""
    return listing(tenant.projects(), shown)


@post("/projects", action="org:admin", tags=["projects"], responses=PROBLEMS, sync_to_thread=True)
def create_project(tenant: Caller, data: JSONBody[NewProject]) -> ProjectItem:
    """Make a project with its first key."""
    wanted = Wanted(data.name, data.slug or "", data.platform)
    audit = tenant.audit("project.create", data.name, {"name": data.name, "platform": data.platform})
    return shown(add_project(tenant.directory, wanted, audit))


@get("/projects/{project:str}", action="project:read", tags=["projects"], responses=PROBLEMS, sync_to_thread=True)
def get_project(tenant: Caller, project: ProjectPath) -> ProjectItem:
    """One project by id or slug."""
    return shown(tenant.project(project))


@patch("/projects/{project:str}", action="project:admin", tags=["projects"], responses=PROBLEMS, sync_to_thread=True)
def change_project(tenant: Caller, project: ProjectPath, data: JSONBody[ProjectPatch]) -> ProjectItem:
    """Change name, platform or settings."""
    known = tenant.project(project)
    changes: dict[str, object] = msgspec.to_builtins(data)
    if not changes:
        invalid("body", "name one field to change at least", "body")
    _check_limits(changes.get("settings"))
    check_settings(data.settings or {})
    audit = tenant.audit("project.change", str(known.id), changes)
    return shown(tenant.directory.change_project(known.id, changes, audit))


def _check_limits(settings: object) -> None:
    """What the limits plugin could not understand would silently limit nothing."""
    wanted = settings.get(LIMITS) if isinstance(settings, dict) else None
    if wanted is not None:
        try:
            read_limits(wanted)
        except ValueError as error:
            invalid("settings.limits", str(error), "body")


def shown(one: Project) -> ProjectItem:
    """A project as the API shows it."""
    return ProjectItem(str(one.id), one.slug, one.name, one.platform, rfc3339(one.created_at), dict(one.settings))


HANDLERS = (list_projects, create_project, get_project, change_project)
