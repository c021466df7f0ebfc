"""`/projects/{slug}`: one project's settings and the keys SDKs send with."""

import asyncio
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from amber.errors import Reject
from amber.model import Project, Subject, dsn
from amber_console.home.added.slots import Slots, filled
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import Form, form_of, name_fault, refuse
from amber_console.home.settings.project_settings import KEPT, SCRUBBED, TAKEN, read, typed
from amber_console.home.settings.projects import PLATFORMS, platform_fault
from amber_console.home.visitor import found

SLOT = "project.settings"
NONE: Slots = {}


@get("/projects/{slug:str}", action="project:read")
async def project_page(asked: Ask, slug: FromPath[str]) -> Response[bytes]:
    """The project as it is, with what plugins add below it."""
    project = await asyncio.to_thread(asked.visitor.project, slug)
    slots = await filled(asked.visitor, [SLOT], Subject(asked.visitor.organisation_id, project))
    return await asyncio.to_thread(_page, asked, project, _filled(project), slots=slots)


@post("/projects/{slug:str}", action="project:admin", sync_to_thread=True)
def change_project(asked: Ask, slug: FromPath[str]) -> Response[Any]:
    """Change name, platform and settings."""
    project = asked.visitor.project(slug)
    try:
        _change(asked, project)
    except Reject as refusal:
        return _page(asked, project, asked.form, refusal)
    return go(f"/projects/{slug}?done=saved")


@post("/projects/{slug:str}/keys", action="project:admin", sync_to_thread=True)
def make_key(asked: Ask, slug: FromPath[str]) -> Response[Any]:
    """Make another key."""
    project, label = asked.visitor.project(slug), asked.form.text("label")
    try:
        refuse({"label": name_fault(label)})
        audit = asked.visitor.audit("key.create", str(project.id), {"label": label})
        asked.visitor.directory.add_key(project.id, label, audit)
    except Reject as refusal:
        kept = Form({**_filled(project).values, "label": (label,)})
        return _page(asked, project, kept, refusal)
    return go(f"/projects/{slug}?done=key#keys")


@post("/projects/{slug:str}/keys/{key:str}", action="project:admin", sync_to_thread=True)
def switch_key(asked: Ask, slug: FromPath[str], key: FromPath[str]) -> Response[Any]:
    """Switch a key on or off."""
    project, is_active = asked.visitor.project(slug), asked.form.text("active") == "on"
    directory = asked.visitor.directory
    known = found(next((one for one in directory.keys(project.id) if str(one.id) == key), None), "key")
    audit = asked.visitor.audit("key.change", str(known.id), {"is_active": is_active})
    directory.change_key(known.id, is_active, audit)
    return go(f"/projects/{slug}?done={'key-on' if is_active else 'key-off'}#keys")


def _change(asked: Asked, project: Project) -> None:
    form = asked.form
    name, platform = form.text("name"), form.text("platform")
    refuse({"name": name_fault(name), "platform": platform_fault(platform)})
    settings = {key: value for key, value in read(form).items() if project.settings.get(key) != value}
    wanted: dict[str, object] = {"name": name, "platform": platform, "settings": settings}
    changes = {key: value for key, value in wanted.items() if value and value != getattr(project, key)}
    if changes:
        audit = asked.visitor.audit("project.change", str(project.id), changes)
        asked.visitor.directory.change_project(project.id, changes, audit)


def _filled(project: Project) -> Form:
    return form_of(name=project.name, platform=project.platform, **typed(project.settings))


def _page(
    asked: Asked, project: Project, form: Form, refusal: Reject | None = None, slots: Slots = NONE
) -> Response[bytes]:
    url = asked.visitor.kernel("public_url")
    keys = [(key, dsn(url, key.public_key, project.id)) for key in asked.visitor.directory.keys(project.id)]
    options = list(({project.platform: project.platform} | dict(PLATFORMS)).items())
    given = {"project": project, "keys": keys, "options": options, "added": slots.get(SLOT, ())}
    asks = {"taken": TAKEN, "kept": KEPT, "scrubbed": SCRUBBED}
    platform = PLATFORMS.get(project.platform, project.platform)
    return asked.draw("project", form, refusal, platform=platform, **given, **asks)


HANDLERS = (project_page, change_project, make_key, switch_key)
