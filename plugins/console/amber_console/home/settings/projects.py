"""`/projects`: what there is, and how another comes to be."""

import re
from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from msgspec import Struct

from amber.errors import Reject
from amber.model import Project, free_slug
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import form_of, name_fault, refuse
from amber_console.home.visitor import Visitor

EVENTS = frozenset({"error", "default", "security"})
PLATFORM = re.compile(r"[a-z0-9._-]{1,64}")
PLATFORMS: Mapping[str, str] = {
    "python": "Python",
    "javascript": "JavaScript in browsers",
    "node": "Node.js",
    "php": "PHP",
    "ruby": "Ruby",
    "java": "Java, Kotlin on servers",
    "dotnet": ".NET",
    "go": "Go",
    "rust": "Rust",
    "elixir": "Elixir",
    "dart": "Dart, Flutter",
    "cocoa": "Swift, Objective-C",
    "android": "Android",
    "native": "C, C++",
    "other": "Something else",
}
HOUR = 3600


class Line(Struct, frozen=True):
    """A project in the list; `events` came in the last 24 hours."""

    project: Project
    open_issues: int
    events: int


@get("/projects", action="project:read", sync_to_thread=True)
def list_projects(asked: Ask) -> Response[bytes]:
    """The projects the visitor may see."""
    lines = [_line(asked.visitor, project) for project in asked.visitor.projects.values()]
    return asked.draw("projects", lines=lines, platforms=PLATFORMS)


@get("/projects/new", action="org:admin", sync_to_thread=True)
def new_project(asked: Ask) -> Response[bytes]:
    """The form that makes a project."""
    return asked.draw("project_new", form_of(platform="python"), platforms=PLATFORMS)


@post("/projects", action="org:admin", sync_to_thread=True)
def make_project(asked: Ask) -> Response[Any]:
    """Make a project with its first key; how to send to it comes next."""
    try:
        project = _make(asked)
    except Reject as refusal:
        return asked.draw("project_new", asked.form, refusal, platforms=PLATFORMS)
    return go(f"/projects/{project.slug}/start")


def _make(asked: Asked) -> Project:
    visitor, name, platform = asked.visitor, asked.form.text("name"), asked.form.text("platform")
    refuse({"name": name_fault(name), "platform": platform_fault(platform)})
    directory, home = visitor.directory, visitor.organisation_id
    slug = free_slug(name, {one.slug for one in directory.projects(home)}, "project")
    audit = visitor.audit("project.create", name, {"name": name, "platform": platform})
    return directory.add_project(home, slug, name, platform, audit)


def platform_fault(platform: str) -> str:
    """What keeps a text from naming a platform; empty for a good one."""
    return "" if PLATFORM.fullmatch(platform) else "is no platform's name, such as python or javascript"


def _line(visitor: Visitor, project: Project) -> Line:
    hour = int(visitor.now // HOUR)
    counts = visitor.issues.count_issues([project.id], visitor.now)
    outcomes = visitor.issues.outcomes(project.id, hour - 23, hour + 1)
    events = sum(one.quantity for one in outcomes if one.outcome == "stored" and one.category in EVENTS)
    return Line(project, counts.unresolved, events)


HANDLERS = (list_projects, new_project, make_project)
