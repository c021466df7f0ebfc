"""The caller of one request, and what is theirs to see."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from amber import Context
from amber.errors import Denied, Reject
from amber.model import (
    AuditEntry,
    BlobStore,
    Directory,
    EventStore,
    Issue,
    IssueStore,
    Member,
    Organisation,
    Principal,
    Project,
    Seen,
    Target,
    Team,
    actor_of,
    reach,
)

T = TypeVar("T")
ROW_ID = re.compile(r"[1-9][0-9]{0,17}")
EVENT_ID = re.compile(r"[0-9a-f]{32}")
PROJECT_REF = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Tenant:
    """Who asks, with the stores behind every answer.

    Whatever is not theirs is answered like what does not exist: `Reject` with 404. Every handler looks projects and
    issues up here and nowhere else.
    """

    def __init__(self, principal: Principal, client_ip: str, ctx: Context[Any]) -> None:
        if principal.organisation is None:
            raise Denied("send an API token", status=401)
        self.principal, self.organisation = principal, principal.organisation
        self._client_ip, self._ctx = client_ip, ctx
        self.directory: Directory = ctx.role("directory")
        self.issues: IssueStore = ctx.role("issue_store")
        self.events: EventStore = ctx.role("event_store")

    @property
    def blobs(self) -> BlobStore:
        """Where the bytes of attachments are."""
        store: BlobStore = self._ctx.role("blob_store")
        return store

    @property
    def now(self) -> float:
        """The time in Unix seconds."""
        return self._ctx.now()

    def kernel(self, name: str) -> Any:
        """A part of the kernel, such as `public_url`."""
        return self._ctx.kernel(name)

    def own_organisation(self) -> Organisation:
        """The organisation the caller belongs to."""
        return existing(self.directory.organisation(str(self.organisation)), "organisation")

    def organisations(self) -> tuple[Organisation, ...]:
        """Those the caller may know of: their own, and all where they look after the whole installation."""
        if "admin" in self.principal.scopes and self.principal.projects is None:
            return self.directory.organisations()
        return (self.own_organisation(),)

    def projects(self) -> tuple[Project, ...]:
        """The projects the caller may see, by id."""
        return tuple(project for project in self.directory.projects(self.organisation) if self._sees(project))

    def project(self, ref: str) -> Project:
        """The project with this id or slug."""
        return existing(self._project(ref), "project")

    def issue(self, ref: str) -> Issue:
        """The issue with this id."""
        number = row_id(ref)
        known = self.issues.get_issue(number) if number else None
        home = self._project(str(known.project)) if known is not None else None
        is_theirs = known is not None and home is not None and home.id == known.project
        return existing(known if is_theirs else None, "issue")

    def letters_seen(self) -> Seen:
        """The projects whose dead letters the caller may know of; None, which is all, for superusers."""
        if "admin" in reach(self.principal.scopes) and self.principal.projects is None:
            return None
        return frozenset(project.id for project in self.projects())

    def member(self, ref: str) -> Member:
        """The member of the organisation who is the user with this id."""
        every = self.directory.members(self.whole())
        return existing(next((one for one in every if str(one.user.id) == ref), None), "member")

    def members(self) -> tuple[Member, ...]:
        """Everybody in the organisation."""
        return self.directory.members(self.whole())

    def teams(self) -> tuple[Team, ...]:
        """The organisation's teams."""
        return self.directory.teams(self.whole())

    def team(self, ref: str) -> Team:
        """The organisation's team with this id or slug."""
        every = self.teams()
        return existing(next((one for one in every if ref in (str(one.id), one.slug)), None), "team")

    def target(self, project: str, ref: str) -> Target:
        """The project's target with this id."""
        home, number = self.project(project), row_id(ref)
        known = self.directory.target(number) if number else None
        return existing(known if known is not None and known.project == home.id else None, "target")

    @property
    def actor(self) -> str:
        """How the audit log names the caller."""
        return actor_of(self.principal)

    def audit(
        self, action: str, subject: str, after: Mapping[str, object] | None = None, organisation: int | None = None
    ) -> AuditEntry:
        """What the audit log keeps of a change the caller makes; stores add what was there before."""
        return AuditEntry(
            organisation or self.organisation,
            self.actor,
            action,
            subject,
            self.now,
            after=after or {},
            client_ip=self._client_ip,
        )

    def whole(self) -> int:
        """The organisation, for what is no business of a token that is bound to some of its projects."""
        if self.principal.projects is not None:
            raise Denied("this token reaches some projects alone, and none of the people")
        return self.organisation

    def _project(self, ref: str) -> Project | None:
        known = self.directory.project(ref, self.organisation) if PROJECT_REF.fullmatch(ref) else None
        return known if known is not None and self._sees(known) else None

    def _sees(self, project: Project) -> bool:
        return project.organisation == self.organisation and self.principal.reaches(project.id)


Caller = NamedDependency[SkipValidation[Tenant]]
"""A handler's parameter `tenant`."""


def tenants(ctx: Context[Any]) -> Provide:
    """What gives every handler its `tenant`."""

    def tenant(request: Request[Principal, Any, Any]) -> Tenant:
        return Tenant(request.user, str(request.scope.get("amber_client_ip", "")), ctx)

    return Provide(tenant, sync_to_thread=False)


def allowed(refusal: str | None) -> None:
    """Raises `Denied` with the sentence of refusal, where there is one."""
    if refusal is not None:
        raise Denied(refusal)


def row_id(text: str) -> int:
    """The number in an id; 0, which nothing has, where there is none."""
    return int(text) if ROW_ID.fullmatch(text) else 0


def event_id_of(text: str) -> str:
    """An event's id as stores know it; text that is none answers like an event that does not exist."""
    plain = text.replace("-", "").lower()
    if not EVENT_ID.fullmatch(plain):
        raise Reject("no such event", status=404)
    return plain


def existing(value: T | None, what: str) -> T:
    """`value`, or `Reject` with 404 where there is none."""
    if value is None:
        raise Reject(f"no such {what}", status=404)
    return value
