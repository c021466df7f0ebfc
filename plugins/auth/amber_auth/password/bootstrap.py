"""What a new installation needs before anybody can use it: an organisation, a project and an owner."""

import os
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType

from amber import Context
from amber.errors import Reject
from amber.model import AuditEntry, Directory, Invitation, Organisation, Project, User, token_digest
from amber_auth.password.hashing import hash_password, new_password

T = TypeVar("T")
ACTOR = "first start"
INVITED_FOR = 600.0
"""Seconds; the invitation is used up at once."""


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
    """The new owner's e-mail and the password where it was made up; None where there are people already."""
    if directory.members(organisation.id):
        return None
    email = os.environ.get("AMBER_OWNER_EMAIL") or "owner@localhost"
    given = os.environ.get("AMBER_OWNER_PASSWORD") or ""
    password = given or new_password()
    wanted = User(0, email, "Owner", hash_password(password), now, is_superuser=True)
    is_new = _settle(directory, organisation.id, wanted)
    return (email, UNSET if given else password) if is_new else None


def _settle(directory: Directory, organisation: int, wanted: User) -> bool:
    """Make the user and their place as owner; False where somebody with this address was there before.

    By an invitation to themselves, since accepting one makes both in one transaction: a start that was cut short
    between them would leave a user whose password nobody was told.
    """
    audit = AuditEntry(organisation, ACTOR, "user.create", wanted.email, wanted.created_at)
    digest = token_digest(secrets.token_urlsafe(32))
    soon = wanted.created_at + INVITED_FOR
    invitation = Invitation(0, organisation, wanted.email, "owner", ACTOR, wanted.created_at, soon)
    try:
        directory.add_invitation(invitation, digest, audit)
        made = directory.accept_invitation(digest, wanted, audit)
    except Reject as error:
        if error.status not in (404, 409):
            raise
        return False  # somebody else's first start was quicker
    return made.user.password_hash == wanted.password_hash


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
