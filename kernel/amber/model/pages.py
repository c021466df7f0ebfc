"""Pages of plugins, and the pieces of HTML they put into other pages."""

from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import force_setattr

from amber.model.issues import Issue, StoredEvent
from amber.model.people import AuditEntry, Principal, Project
from amber.model.scopes import reach


class Fragment(Struct, frozen=True):
    """A piece of HTML, made by `ctx.render`; any other text is taken as text, so its HTML is escaped."""

    html: str

    def __post_init__(self) -> None:
        if not hasattr(self.html, "__html__"):
            force_setattr(self, "html", escape(self.html))

    def __html__(self) -> str:
        """What templates ask for, so that a fragment can stand in another."""
        return self.html


class Redirect(Struct, frozen=True):
    """Where to go instead: a path on this site, such as `request.path` after a form did its work."""

    path: str


class Download(Struct, frozen=True):
    """A file to save; browsers never show it as a page."""

    name: str
    content_type: str
    body: bytes


class UiRequest(Struct, frozen=True):
    """Somebody looks at a page, or sends the form on it.

    `path` is the page's own address: links and forms of the page begin with it. `rest` is what the address holds
    beyond it, part by part. `form` is None where nothing was sent. `project` is set on the pages of a project, and is
    one the principal may see; so is `issue` on the tabs of an issue. `at` is Unix seconds.
    """

    principal: Principal
    organisation: int
    path: str
    at: float
    project: Project | None = None
    rest: tuple[str, ...] = ()
    query: Mapping[str, str] = {}
    form: Mapping[str, tuple[str, ...]] | None = None
    client_ip: str = ""
    issue: Issue | None = None

    def value(self, name: str) -> str:
        """What was typed into a field, without blanks around it; empty where nothing was."""
        return (self.form or {}).get(name, ("",))[-1].strip()

    def may(self, scope: str) -> bool:
        """Whether the principal may do this, such as `project:admin`."""
        return scope in reach(self.principal.scopes)

    def audit(self, action: str, subject: str, after: Mapping[str, object] | None = None) -> AuditEntry:
        """What the audit log keeps of a change made by this request; stores add what was there before."""
        actor = f"{self.principal.kind}:{self.principal.id}"
        return AuditEntry(
            self.organisation, actor, action, subject, self.at, after=after or {}, client_ip=self.client_ip
        )


Shown = Fragment | Redirect | Download
"""What a page may answer with."""


class UiPage(Struct, frozen=True):
    """A page a plugin adds. `show(request, ctx)` answers what to draw; it may be async, and raises `Reject` with 404
    for what there is none of.

    `place` says where it is listed and what it is about; it is found at `/pages/<plugin>/<slug>`, and as a tab at
    `/projects/<project>/pages/<plugin>/<slug>` or `/issues/<issue>/pages/<plugin>/<slug>`. `action` is the scope it
    takes to look, `change` the one it takes to send a form; without it nobody can. `icon` is one of the console's, and
    `order` sorts navigation and tabs.
    """

    slug: str
    title: str
    show: Callable[[UiRequest, Any], Shown | Awaitable[Shown]]
    place: Literal["installation", "organisation", "project", "issue"] = "organisation"
    action: str = "project:read"
    change: str = ""
    icon: str = "plugins"
    order: int = 100


class Subject(Struct, frozen=True):
    """What the page is about that a slot stands on: a project, and where it is one's page, an issue and an event."""

    organisation: int
    project: Project
    issue: Issue | None = None
    event: StoredEvent | None = None
