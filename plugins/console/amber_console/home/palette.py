"""`GET /palette`: where `Ctrl-K` can go, for what was typed."""

from collections.abc import Iterator
from typing import Any

from litestar import Request, Response, get
from msgspec import Struct

from amber.model import IssueQuery, Principal
from amber_console.home.pages import Drawn
from amber_console.home.visitor import Looker, Visitor

MOST = 9
LONGEST = 200


class Place(Struct, frozen=True):
    """Somewhere to go."""

    path: str
    name: str
    icon: str
    about: str = ""


@get("/palette", action="project:read", sync_to_thread=True)
def palette(request: Request[Principal, Any, Any], visitor: Looker, pages: Drawn) -> Response[bytes]:
    """Pages, projects and recent issues whose names hold every word."""
    query = request.query_params.get("q", "")[:LONGEST]
    groups = {
        "Pages": list(matching(query, pages_for(visitor)))[:MOST],
        "Projects": list(matching(query, projects_of(visitor)))[:MOST],
        "Issues": issues_for(visitor, query),
    }
    return pages.draw("palette", groups=groups)


def matching(query: str, places: Iterator[Place]) -> Iterator[Place]:
    """The places whose name or note holds every word of the query, case aside."""
    words = query.casefold().split()
    for place in places:
        text = f"{place.name} {place.about}".casefold()
        if all(word in text for word in words):
            yield place


def pages_for(visitor: Visitor) -> Iterator[Place]:
    """The pages this visitor may open."""
    yield Place("/issues", "Issues", "issues", "unresolved")
    yield Place("/issues?query=is%3Aregressed", "Regressed issues", "issues")
    if visitor.email:
        yield Place("/issues?query=is%3Aunresolved+assigned%3Ame", "Issues assigned to me", "issues")
    yield Place("/projects", "Projects", "projects")
    yield Place("/usage", "Usage", "usage", "outcomes")
    yield Place("/people", "People", "people", "members teams invitations")
    yield Place("/plugins", "Plugins", "plugins")
    for place in ("organisation", "installation"):
        for plugin, page in visitor.pages(place):
            yield Place(f"/pages/{plugin}/{page.slug}", page.title, page.icon, plugin)
    if visitor.may("org:admin"):
        yield Place("/audit", "Audit log", "log")
    if visitor.user is not None:
        yield Place("/profile", "Your account", "person", "sessions password")
    yield Place("/api/docs", "API docs", "docs")


def projects_of(visitor: Visitor) -> Iterator[Place]:
    """Each project: its issues, its settings, how to send to it."""
    for one in visitor.projects.values():
        yield Place(f"/issues?project={one.slug}", one.name, "projects", "issues")
        if visitor.may("project:admin"):
            yield Place(f"/projects/{one.slug}", one.name, "settings", "settings")
        yield Place(f"/projects/{one.slug}/usage", one.name, "usage", "usage")
        for plugin, page in visitor.pages("project", one):
            yield Place(f"/projects/{one.slug}/pages/{plugin}/{page.slug}", one.name, page.icon, page.title.lower())
        yield Place(f"/projects/{one.slug}/start", one.name, "docs", "set up an SDK")


def issues_for(visitor: Visitor, query: str) -> list[Place]:
    """The issues seen last that hold the query."""
    wanted = IssueQuery(tuple(visitor.projects), text=query.strip(), limit=MOST)
    return [
        Place(f"/issues/{one.id}", one.title, "issues", one.short_id)
        for one in visitor.issues.list_issues(wanted).items
    ]


HANDLERS = (palette,)
