"""`/projects/{project}/keys`: what SDKs send with."""

from typing import Annotated

from litestar import get, patch, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from amber.model import Project, ProjectKey, dsn, rfc3339
from amber_api.v1.paths import KeyPath, ProjectPath
from amber_api.v1.projects import Name
from amber_api.v1.shapes import PROBLEMS, Listing, listing
from amber_api.v1.tenant import Caller, existing


class KeyItem(Struct, frozen=True):
    """A project key; it is no secret. `dsn` is what an SDK is pointed at."""

    id: str
    public_key: str
    label: str
    is_active: bool
    dsn: str
    created_at: str


class NewKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A key to make."""

    label: Name


class KeyPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a key."""

    is_active: Annotated[bool, Meta(description="Whether SDKs may send with it")]


@get("/projects/{project:str}/keys", action="project:read", tags=["keys"], responses=PROBLEMS, sync_to_thread=True)
def list_keys(tenant: Caller, project: ProjectPath) -> Listing[KeyItem]:
    """The project's keys, oldest first."""
    known = tenant.project(project)
    return listing(tenant.directory.keys(known.id), lambda key: _shown(tenant, known, key))


@post("/projects/{project:str}/keys", action="project:admin", tags=["keys"], responses=PROBLEMS, sync_to_thread=True)
def create_key(tenant: Caller, project: ProjectPath, data: JSONBody[NewKey]) -> KeyItem:
    """Make a key."""
    known = tenant.project(project)
    audit = tenant.audit("key.create", str(known.id), {"label": data.label})
    return _shown(tenant, known, tenant.directory.add_key(known.id, data.label, audit))


@patch(
    "/projects/{project:str}/keys/{key:str}",
    action="project:admin",
    tags=["keys"],
    responses=PROBLEMS,
    sync_to_thread=True,
)
def change_key(tenant: Caller, project: ProjectPath, key: KeyPath, data: JSONBody[KeyPatch]) -> KeyItem:
    """Switch a key on or off."""
    known = tenant.project(project)
    found = existing(next((one for one in tenant.directory.keys(known.id) if str(one.id) == key), None), "key")
    audit = tenant.audit("key.change", key, {"is_active": data.is_active})
    return _shown(tenant, known, tenant.directory.change_key(found.id, data.is_active, audit))


def _shown(tenant: Caller, project: Project, key: ProjectKey) -> KeyItem:
    address = dsn(tenant.kernel("public_url"), key.public_key, project.id)
    return KeyItem(str(key.id), key.public_key, key.label, key.is_active, address, rfc3339(key.created_at))


HANDLERS = (list_keys, create_key, change_key)
