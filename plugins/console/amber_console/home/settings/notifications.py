"""`/projects/{slug}/notifications`: whom a project's news goes to."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from amber.errors import Reject
from amber.model import Attempt, Project, Target, TargetType
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import Form
from amber_console.home.settings.target_form import KINDS, entries, new_form, read_target
from amber_console.home.visitor import Visitor, found


class Line(Struct, frozen=True):
    """A target in the list; `title` is empty where its plugin does not run, `last` is how its last try went."""

    target: Target
    title: str
    last: Attempt | None


@get("/projects/{slug:str}/notifications", action="project:admin", sync_to_thread=True)
def list_targets(asked: Ask, slug: FromPath[str]) -> Response[bytes]:
    """Everything that hears of the project, and how its last delivery went."""
    project = asked.visitor.project(slug)
    kinds = types_of(asked.visitor)
    lines = [_line(asked.visitor, one, kinds) for one in asked.visitor.directory.targets(project.id)]
    return asked.draw("notifications", project=project, lines=lines, types=list(kinds.values()), kinds=KINDS)


@get("/projects/{slug:str}/notifications/new", action="project:admin", sync_to_thread=True)
def new_target(asked: Ask, slug: FromPath[str]) -> Response[bytes]:
    """The form that adds a target of the type the query names."""
    project = asked.visitor.project(slug)
    kind = _type(asked, asked.query.get("type", ""))
    return _form(asked, project, kind, new_form(kind))


@post("/projects/{slug:str}/notifications", action="project:admin", sync_to_thread=True)
def add_target(asked: Ask, slug: FromPath[str]) -> Response[Any]:
    """Add a target."""
    project, visitor = asked.visitor.project(slug), asked.visitor
    kind = _type(asked, asked.form.text("type"))
    try:
        wanted = read_target(asked, project, kind)
        after = {"plugin": wanted.plugin, "name": wanted.name, "kinds": list(wanted.kinds)}
        made = visitor.directory.add_target(wanted, visitor.audit("target.create", wanted.name, after))
    except Reject as refusal:
        return _form(asked, project, kind, asked.form, refusal)
    return go(f"/projects/{slug}/notifications/{made.id}?done=target")


def types_of(visitor: Visitor) -> dict[str, TargetType]:
    """The kinds of target there are, by their plugin."""
    return {one.plugin: one for one in visitor.kernel("targets").types()}


def _type(asked: Asked, plugin: str) -> TargetType:
    return found(types_of(asked.visitor).get(plugin), "kind of target")


def _line(visitor: Visitor, target: Target, kinds: dict[str, TargetType]) -> Line:
    kind = kinds.get(target.plugin)
    last = next(iter(visitor.directory.attempts(target.id, limit=1).items), None)
    return Line(target, kind.title if kind is not None else "", last)


def _form(
    asked: Asked, project: Project, kind: TargetType, form: Form, refusal: Reject | None = None
) -> Response[bytes]:
    return asked.draw(
        "target_new", form, refusal, project=project, kind=kind, entries=entries(kind), kinds=list(KINDS.items())
    )


HANDLERS = (list_targets, new_target, add_target)
