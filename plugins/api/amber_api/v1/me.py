"""`/me`: who the caller is, and where they are logged in."""

from litestar import delete, get, patch
from litestar.params import JSONBody
from msgspec import Struct

from amber.model import Role, Session, User, person_of, reach, rfc3339
from amber_api.v1.organisations import OrganisationItem, organisation_item
from amber_api.v1.paths import SessionPath
from amber_api.v1.projects import Name
from amber_api.v1.shapes import PROBLEMS, Listing, listing
from amber_api.v1.tenant import Caller, existing


class Person(Struct, frozen=True):
    """The person who asks."""

    id: str
    email: str
    name: str
    is_superuser: bool


class Me(Struct, frozen=True):
    """Who asks. `user` and `role` are null for programs; `projects` is null where every one is in reach."""

    kind: str
    id: str
    name: str
    organisation: OrganisationItem
    user: Person | None
    role: Role | None
    scopes: list[str]
    projects: list[str] | None


class SessionItem(Struct, frozen=True):
    """A browser somebody is logged in with."""

    id: str
    client_ip: str
    user_agent: str
    created_at: str
    last_used_at: str
    expires_at: str
    is_current: bool


class MePatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about oneself."""

    name: Name


class Ended(Struct, frozen=True):
    """How many sessions were ended."""

    ended: int


@get("/me", action="project:read", tags=["me"], responses=PROBLEMS, sync_to_thread=True)
def get_me(tenant: Caller) -> Me:
    """Who the caller is and what they may do."""
    return _me(tenant)


@patch("/me", action="project:read", tags=["me"], responses=PROBLEMS, sync_to_thread=True)
def change_me(tenant: Caller, data: JSONBody[MePatch]) -> Me:
    """Change one's own name."""
    person = existing(_person(tenant), "user: a program asks")
    changes = {"name": data.name}
    tenant.directory.change_user(person.id, changes, tenant.audit("user.change", person.email, changes))
    return _me(tenant)


@get("/me/sessions", action="project:read", tags=["me"], responses=PROBLEMS, sync_to_thread=True)
def list_sessions(tenant: Caller) -> Listing[SessionItem]:
    """Where the caller is logged in, the last used first; empty for programs."""
    return listing(_sessions(tenant), lambda one: _shown(one, tenant.principal.session))


@delete("/me/sessions/{session:str}", action="project:read", tags=["me"], responses=PROBLEMS, sync_to_thread=True)
def end_session(tenant: Caller, session: SessionPath) -> None:
    """Log out of one browser."""
    found = existing(next((one for one in _sessions(tenant) if str(one.id) == session), None), "session")
    _end(tenant, found)


@delete("/me/sessions", action="project:read", tags=["me"], responses=PROBLEMS, status_code=200, sync_to_thread=True)
def end_other_sessions(tenant: Caller) -> Ended:
    """Log out of every browser but this one."""
    others = [one for one in _sessions(tenant) if one.id != tenant.principal.session]
    for session in others:
        _end(tenant, session)
    return Ended(len(others))


def _me(tenant: Caller) -> Me:
    principal, person = tenant.principal, _person(tenant)
    places = tenant.directory.memberships(person.id) if person is not None else ()
    role = next((place.role for place in places if place.organisation == tenant.organisation), None)
    projects = None if principal.projects is None else [str(number) for number in sorted(principal.projects)]
    return Me(
        kind=principal.kind,
        id=principal.id,
        name=(person.name or person.email) if person is not None else principal.name,
        organisation=organisation_item(tenant.own_organisation()),
        user=Person(str(person.id), person.email, person.name, person.is_superuser) if person is not None else None,
        role=role,
        scopes=sorted(reach(principal.scopes)),
        projects=projects,
    )


def _person(tenant: Caller) -> User | None:
    number = person_of(tenant.principal)
    return tenant.directory.user(number) if number else None


def _sessions(tenant: Caller) -> list[Session]:
    every = tenant.directory.sessions(person_of(tenant.principal))
    return [one for one in every if one.expires_at > tenant.now]


def _end(tenant: Caller, session: Session) -> None:
    audit = tenant.audit("session.end", str(session.id), organisation=session.organisation)
    tenant.directory.end_session(session.id, audit)


def _shown(one: Session, current: int | None) -> SessionItem:
    return SessionItem(
        id=str(one.id),
        client_ip=one.client_ip,
        user_agent=one.user_agent,
        created_at=rfc3339(one.created_at),
        last_used_at=rfc3339(one.last_used_at),
        expires_at=rfc3339(one.expires_at),
        is_current=one.id == current,
    )


HANDLERS = (get_me, change_me, list_sessions, end_session, end_other_sessions)
