"""Who looks at a page, and what is theirs to see."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from amber import Context
from amber.errors import Denied, Reject
from amber.model import (
    AuditEntry,
    Directory,
    EventStore,
    Issue,
    IssueStore,
    Member,
    Organisation,
    Principal,
    Project,
    Seen,
    Team,
    UiPage,
    User,
    dsn,
    reach,
)

ROW_ID = re.compile(r"[1-9][0-9]{0,17}")
SUPERUSER = "admin"
T = TypeVar("T")
Added = Mapping[str, tuple[UiPage, ...]]
"""The pages that plugins add, by plugin."""


class Visitor:
    """The person (or token) behind a request for a page; whatever is not theirs does not exist for them.

    What it looks up it keeps, for it lives as long as one request. Everything but `principal`, `scopes` and `may` waits
    for a store: handlers that use it are plain functions with `sync_to_thread=True`.
    """

    def __init__(self, request: Request[Principal, Any, Any], ctx: Context[Any], added: Added | None = None) -> None:
        principal = request.user
        if principal.organisation is None:
            raise Denied("Log in to see this page.", status=401)
        self.principal: Principal = principal
        self.organisation_id: int = principal.organisation
        self.path = request.url.path
        self.client_ip = str(request.scope.get("amber_client_ip", ""))
        self._ctx, self._added = ctx, added or {}
        self.directory: Directory = ctx.role("directory")
        self.issues: IssueStore = ctx.role("issue_store")
        self.events: EventStore = ctx.role("event_store")

    @property
    def now(self) -> float:
        """The time in Unix seconds."""
        return self._ctx.now()

    @cached_property
    def scopes(self) -> frozenset[str]:
        """Everything they may do, the narrow scopes that wide ones hold included."""
        return reach(self.principal.scopes)

    def may(self, scope: str) -> bool:
        """Whether they may do this, such as `project:triage`."""
        return scope in self.scopes

    @property
    def is_superuser(self) -> bool:
        """Whether they look after the whole installation."""
        return self.may(SUPERUSER)

    @cached_property
    def user(self) -> User | None:
        """The person; None for a token."""
        is_person = self.principal.kind == "user" and ROW_ID.fullmatch(self.principal.id)
        return self.directory.user(int(self.principal.id)) if is_person else None

    @cached_property
    def member(self) -> Member | None:
        """Their place in the organisation they act for; None for a token."""
        if self.user is None:
            return None
        places = self.directory.memberships(self.user.id)
        return next((one for one in places if one.organisation == self.organisation_id), None)

    @property
    def name(self) -> str:
        """What to call them."""
        return (self.user.name or self.user.email) if self.user is not None else self.principal.name

    @property
    def email(self) -> str:
        """Their e-mail address; empty for a token."""
        return self.user.email if self.user is not None else ""

    @cached_property
    def organisation(self) -> Organisation:
        """The organisation they act for."""
        return found(self.directory.organisation(str(self.organisation_id)), "organisation")

    @cached_property
    def organisations(self) -> tuple[Organisation, ...]:
        """Every organisation they may act for."""
        if self.user is None:
            return (self.organisation,)
        theirs = {one.organisation for one in self.directory.memberships(self.user.id)} | {self.organisation_id}
        return tuple(one for one in self.directory.organisations() if one.id in theirs)

    @cached_property
    def projects(self) -> dict[int, Project]:
        """The projects they may see, by id."""
        every = self.directory.projects(self.organisation_id)
        return {one.id: one for one in every if self.principal.reaches(one.id)}

    @cached_property
    def letters_seen(self) -> Seen:
        """The projects whose dead letters they may know of; None, which is all, for superusers."""
        is_everywhere = self.is_superuser and self.principal.projects is None
        return None if is_everywhere else frozenset(self.projects)

    @property
    def paused(self) -> Sequence[Any]:
        """The consumers that stand still, for whoever can do something about it."""
        paused: Sequence[Any] = self.kernel("consumers").paused if self.may("org:admin") else ()
        return paused

    def project(self, slug: str) -> Project:
        """The project with this slug; `Reject` with 404 where there is none for them."""
        return found(next((one for one in self.projects.values() if one.slug == slug), None), "project")

    def issue(self, ref: str) -> tuple[Issue, Project]:
        """The issue with this id and its project; `Reject` with 404 where there is none for them."""
        known = self.issues.get_issue(int(ref)) if ROW_ID.fullmatch(ref) else None
        project = self.projects.get(known.project) if known is not None else None
        return found(known if project is not None else None, "issue"), found(project, "issue")

    @cached_property
    def people(self) -> tuple[Member, ...]:
        """Everybody in the organisation."""
        return self.directory.members(self.organisation_id)

    @cached_property
    def teams(self) -> tuple[Team, ...]:
        """The organisation's teams."""
        return self.directory.teams(self.organisation_id)

    def pages(self, place: str, project: Project | None = None) -> list[tuple[str, UiPage]]:
        """The pages of plugins in this place that they may see, each with its plugin."""
        is_off, here = self.kernel("pages").is_off, self.organisation_id
        there = [plugin for plugin in self._added if not is_off(plugin, here, project)]
        every = [(plugin, page) for plugin in there for page in self._added[plugin]]
        theirs = [(plugin, page) for plugin, page in every if page.place == place and self.may(page.action)]
        return sorted(theirs, key=lambda one: (one[1].order, one[1].title, one[0]))

    def page(self, plugin: str, slug: str, *places: str) -> UiPage:
        """The page of a plugin at this address, in one of these places; `Reject` with 404 where there is none."""
        pages = [one for one in self._added.get(plugin, ()) if one.place in places]
        return found(next((one for one in pages if one.slug == slug), None), "page")

    def dsn(self, project: Project) -> str:
        """Where an SDK sends to: the project's first key that works; empty where it has none."""
        keys = (one for one in self.directory.keys(project.id) if one.is_active)
        key = next(keys, None)
        return dsn(self.kernel("public_url"), key.public_key, project.id) if key is not None else ""

    def audit(self, action: str, subject: str, after: Mapping[str, object] | None = None) -> AuditEntry:
        """What the audit log keeps of a change they make; stores add what was there before."""
        actor = f"{self.principal.kind}:{self.principal.id}"
        return AuditEntry(
            self.organisation_id, actor, action, subject, self.now, after=after or {}, client_ip=self.client_ip
        )

    def kernel(self, name: str) -> Any:
        """A part of the kernel, such as `public_url` or `targets`."""
        return self._ctx.kernel(name)


def found(value: T | None, what: str) -> T:
    """`value`, or `Reject` with 404 where there is none."""
    if value is None:
        raise Reject(f"There is no such {what}.", status=404)
    return value


Looker = NamedDependency[SkipValidation[Visitor]]
"""A handler's parameter `visitor`."""


def visitors(ctx: Context[Any]) -> Provide:
    """What gives every handler its `visitor`."""

    async def visitor(request: Request[Principal, Any, Any]) -> Visitor:
        return Visitor(request, ctx, await ctx.kernel("pages").listed())

    return Provide(visitor)
