"""The page a project starts with: where to send its first error, from which language."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from litestar import Response, get
from litestar.params import FromPath

from amber.model import Issue, IssueQuery, Project
from amber_console.home.pages import Drawn, Pages, go
from amber_console.home.visitor import Looker, Visitor

PLATFORMS: Mapping[str, str] = {
    "python": "Python",
    "javascript": "Browser",
    "node": "Node.js",
    "go": "Go",
    "java": "Java",
    "php": "PHP",
    "ruby": "Ruby",
    "dotnet": ".NET",
    "rust": "Rust",
    "curl": "curl",
    "amber": "AMBER client",
}
"""Every platform there is a snippet for, with its name."""


@get("/projects/{slug:str}/start", action="project:read", sync_to_thread=True)
def start(visitor: Looker, pages: Drawn, slug: FromPath[str]) -> Response[Any]:
    """How to send the project's first error; it shows itself when it has come."""
    return start_page(visitor, pages, visitor.project(slug))


@get("/projects/{slug:str}/first", action="project:read", sync_to_thread=True)
def first(visitor: Looker, slug: FromPath[str]) -> Response[Any]:
    """On to the project's newest issue, or back to its start page while there is none."""
    project = visitor.project(slug)
    newest = _newest(visitor, project)
    return go(f"/issues/{newest.id}" if newest is not None else f"/projects/{project.slug}/start")


def start_page(visitor: Visitor, pages: Pages, project: Project | None) -> Response[bytes]:
    """The start page of this project, or of the visitor's first; without any it says how to get one."""
    chosen = project or next(iter(visitor.projects.values()), None)
    dsn = visitor.dsn(chosen) if chosen is not None else ""
    return pages.draw(
        "start",
        visitor=visitor,
        project=chosen,
        section="issues",
        dsn=dsn,
        key=urlsplit(dsn).username or "",
        origin=str(visitor.kernel("public_url")).rstrip("/"),
        platforms=PLATFORMS,
        first=_first(chosen) if chosen is not None else "",
        has_events=chosen is not None and _newest(visitor, chosen) is not None,
    )


def _newest(visitor: Visitor, project: Project) -> Issue | None:
    found = visitor.issues.list_issues(IssueQuery((project.id,), sort="first_seen", limit=1)).items
    return found[0] if found else None


def _first(project: Project) -> str:
    """The platform whose snippet is open: the project's own, where we have one for it."""
    wanted = project.platform.partition("-")[0].lower()
    return wanted if wanted in PLATFORMS else "python"


HANDLERS = (start, first)
