"""`/projects/{slug}/notifications/{target}`: one target, its test message and its delivery log."""

import asyncio
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from amber.errors import Reject
from amber.model import Attempt, AuditEntry, Project, Target
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import Form
from amber_console.home.settings.notifications import types_of
from amber_console.home.settings.target_form import KINDS, entries, form_of_target, read_target
from amber_console.home.visitor import ROW_ID, found

PATH = "/projects/{slug:str}/notifications/{target:str}"
LINES = 25


@get(PATH, action="project:admin", sync_to_thread=True)
def target_page(asked: Ask, slug: FromPath[str], target: FromPath[str]) -> Response[bytes]:
    """The target as it is."""
    project, known = find_target(asked, slug, target)
    shown = asked.visitor.kernel("targets").shown(known)
    return _page(asked, project, known, form_of_target(known, shown))


@post(PATH, action="project:admin", sync_to_thread=True)
def change_target(asked: Ask, slug: FromPath[str], target: FromPath[str]) -> Response[Any]:
    """Change what was typed; secrets nobody typed stay."""
    project, known = find_target(asked, slug, target)
    kind = found(types_of(asked.visitor).get(known.plugin), "kind of target")
    try:
        wanted = read_target(asked, project, kind, known)
        changes = {"name": wanted.name, "settings": wanted.settings, "kinds": wanted.kinds}
        asked.visitor.directory.change_target(known.id, changes, _audit(asked, "change", known))
    except Reject as refusal:
        return _page(asked, project, known, asked.form, refusal)
    return go(f"{_path(project, known)}?done=saved")


@post(f"{PATH}/switch", action="project:admin", sync_to_thread=True)
def switch_target(asked: Ask, slug: FromPath[str], target: FromPath[str]) -> Response[Any]:
    """Switch a target on or off."""
    project, known = find_target(asked, slug, target)
    is_enabled = asked.form.text("enabled") == "on"
    asked.visitor.directory.change_target(known.id, {"is_enabled": is_enabled}, _audit(asked, "change", known))
    return go(f"/projects/{project.slug}/notifications?done={'target-on' if is_enabled else 'target-off'}")


@post(f"{PATH}/remove", action="project:admin", sync_to_thread=True)
def remove_target(asked: Ask, slug: FromPath[str], target: FromPath[str]) -> Response[Any]:
    """Take a target away."""
    project, known = find_target(asked, slug, target)
    asked.visitor.directory.remove_target(known.id, _audit(asked, "remove", known))
    return go(f"/projects/{project.slug}/notifications?done=target-removed")


@post(f"{PATH}/test", action="project:admin")
async def try_target(asked: Ask, slug: FromPath[str], target: FromPath[str]) -> Response[Any]:
    """Send a test message now; the page tells how it went."""
    project, known = await asyncio.to_thread(find_target, asked, slug, target)
    name = await asyncio.to_thread(lambda: asked.visitor.name)
    attempt = await asked.visitor.kernel("targets").test(known, name)
    return go(f"{_path(project, known)}?tested={attempt.id}")


@post(f"{PATH}/deliveries/{{attempt:str}}", action="project:admin")
async def send_again(asked: Ask, slug: FromPath[str], target: FromPath[str], attempt: FromPath[str]) -> Response[Any]:
    """Queue a delivery anew that was given up."""
    project, known = await asyncio.to_thread(find_target, asked, slug, target)
    again = found(await asyncio.to_thread(_attempt, asked, known, attempt), "delivery")
    await asked.visitor.kernel("targets").again(again)
    return go(f"{_path(project, known)}?done=again#log")


def find_target(asked: Asked, slug: str, ref: str) -> tuple[Project, Target]:
    """The visitor's project and the target of it with this id; `Reject` with 404 where there is none for them."""
    project = asked.visitor.project(slug)
    known = asked.visitor.directory.target(int(ref)) if ROW_ID.fullmatch(ref) else None
    return project, found(known if known is not None and known.project == project.id else None, "target")


def _attempt(asked: Asked, target: Target, ref: str) -> Attempt | None:
    known = asked.visitor.directory.attempt(int(ref)) if ROW_ID.fullmatch(ref) else None
    return known if known is not None and known.target == target.id else None


def _audit(asked: Asked, verb: str, target: Target) -> AuditEntry:
    return asked.visitor.audit(f"target.{verb}", f"target:{target.id}")


def _path(project: Project, target: Target) -> str:
    return f"/projects/{project.slug}/notifications/{target.id}"


def _page(asked: Asked, project: Project, target: Target, form: Form, refusal: Reject | None = None) -> Response[bytes]:
    kind = types_of(asked.visitor).get(target.plugin)
    cursor = asked.query.get("cursor", "")
    return asked.draw(
        "target",
        form,
        refusal,
        project=project,
        target=target,
        path=_path(project, target),
        kind=kind,
        entries=entries(kind, target) if kind is not None else [],
        kinds=[*KINDS.items(), *((one, one) for one in target.kinds if one not in KINDS)],
        log=asked.visitor.directory.attempts(target.id, cursor, LINES),
        is_first=not cursor,
        address=asked.visitor.kernel("targets").address(target),
        tested=_attempt(asked, target, asked.query.get("tested", "")),
    )


HANDLERS = (target_page, change_target, switch_target, remove_target, try_target, send_again)
