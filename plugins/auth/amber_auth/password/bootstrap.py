"""What a new installation needs before anybody can use it: an organisation, a project and an owner."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType

from amber import Context
from amber.errors import Reject
from amber.model import AuditEntry, Directory, Organisation, Project, User
from amber_auth.password.hashing import hash_password, new_password

T = TypeVar("T")
ACTOR = "first start"


class Start(Struct, frozen=True):
    """What there is after a first start. `password` is set where it was made up, and is known nowhere else."""

    created: bool
    project_id: int
    slug: str
    public_key: str
    email: str | UnsetType = UNSET
    password: str | UnsetType = UNSET
    organisation: str | UnsetType = UNSET


def bootstrap(ctx: Context[Any]) -> Start:
    """Make whatever is missing of organisation, project and owner.

    May be interrupted, repeated and run twice at once: each step makes only what is not there, and the owner, whose
    password is shown once, comes last.
    """
    directory: Directory = ctx.role("directory")
    organisation = _organisation(directory, ctx.now())
    project = _project(directory, organisation, ctx.now())
    public_key = next((key.public_key for key in directory.keys(project.id) if key.is_active), "")
    owner = _owner(directory, organisation, ctx.now())
    if owner is None:
        return Start(False, project.id, project.slug, public_key)
    email, password = owner
    return Start(True, project.id, project.slug, public_key, email, password, organisation.slug)


def _organisation(directory: Directory, now: float) -> Organisation:
    def made() -> Organisation:
        return directory.add_organisation("amber", "Amber", AuditEntry(0, ACTOR, "organisation.create", "amber", now))

    return _ensure(lambda: next(iter(directory.organisations()), None), made)


def _project(directory: Directory, organisation: Organisation, now: float) -> Project:
    def made() -> Project:
        audit = AuditEntry(organisation.id, ACTOR, "project.create", "first", now)
        return directory.add_project(organisation.id, "first", "First project", "other", audit)

    return _ensure(lambda: next(iter(directory.projects(organisation.id)), None), made)


def _owner(directory: Directory, organisation: Organisation, now: float) -> tuple[str, str | UnsetType] | None:
    """The new owner's e-mail and the password where it was made up; None where there are users already."""
    if directory.users(organisation.id):
        return None
    email = os.environ.get("AMBER_OWNER_EMAIL") or "owner@localhost"
    given = os.environ.get("AMBER_OWNER_PASSWORD") or ""
    password = given or new_password()
    user = User(0, organisation.id, email, "Owner", "owner", hash_password(password), now)
    try:
        directory.add_user(user, AuditEntry(organisation.id, ACTOR, "user.create", email, now))
    except Reject as error:
        if error.status != 409:
            raise
        return None  # somebody else's first start was quicker
    return email, UNSET if given else password


def _ensure(find: Callable[[], T | None], make: Callable[[], T]) -> T:
    """What `find` finds, made first if need be; losing the race to make it is as good."""
    found = find()
    if found is not None:
        return found
    try:
        return make()
    except Reject as error:
        found = find() if error.status == 409 else None
        if found is None:
            raise
        return found
