"""What plugins can be set to: `/plugins/{name}/settings`, `/organisation/plugins` and `/projects/{slug}/plugins`."""

import asyncio
from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct
from msgspec.json import encode, format

from amber.errors import Denied, Reject
from amber.model import Project, SettingField, SettingForm, SettingPlace
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import Form, problems_of
from amber_console.home.settings.labels import label_of, words_of
from amber_console.home.settings.target_form import PREFIX, REMOVED, text_of
from amber_console.home.visitor import SUPERUSER


class Entry(Struct, frozen=True):
    """A field as the page asks for it: what is typed into it, and in words what holds while nothing is.

    `above` says where that comes from.
    """

    setting: SettingField
    text: str
    above: str
    problem: str = ""

    @property
    def name(self) -> str:
        """The field's name in the form."""
        return PREFIX + self.setting.field.name

    @property
    def label(self) -> str:
        """The field's name as words."""
        return label_of(self.setting.field.name)

    @property
    def words(self) -> str:
        """The same within a sentence."""
        return words_of(self.setting.field.name)

    @property
    def is_table(self) -> bool:
        """Whether it holds more than can be typed into a line."""
        return is_table(self.setting)

    @property
    def inherited(self) -> str:
        """What holds without a value here."""
        value = self.setting.inherited
        if self.is_table:
            return format(encode(held(self.setting)), indent=2).decode()
        return ("on" if value else "off") if isinstance(value, bool) else text_of(value)

    @property
    def options(self) -> list[tuple[str, str]]:
        """What there is to choose from, first what holds without a choice."""
        choices = ("on", "off") if self.setting.field.kind == "boolean" else self.setting.field.choices
        return [("", f"{self.above} ({self.inherited or '–'})"), *((one, one) for one in choices)]


class Section(Struct, frozen=True):
    """One plugin's form."""

    form: SettingForm
    entries: tuple[Entry, ...]
    problems: Mapping[str, str]
    path: str


class Scene(Struct, frozen=True):
    """Which settings are looked at: where they hold, and under which address their forms are sent."""

    place: SettingPlace
    path: str
    project: Project | None = None

    @property
    def above(self) -> str:
        """Where what is not set here comes from."""
        if self.project is not None:
            return "as for the organisation"
        return "default" if self.place.organisation is None else "as for the installation"


@get("/plugins/{name:str}/settings", action=SUPERUSER, sync_to_thread=True)
def installation_page(asked: Ask, name: FromPath[str]) -> Response[bytes]:
    """A plugin's settings for the whole installation."""
    return _draw(asked, Scene(SettingPlace(), "/plugins"), only=name)


@post("/plugins/{name:str}/settings", action=SUPERUSER)
async def change_installation(asked: Ask, name: FromPath[str]) -> Response[Any]:
    """Change them; the plugin starts anew in every process."""
    return await _change(asked, Scene(SettingPlace(), "/plugins"), name, f"/plugins/{name}/settings", name)


@get("/organisation/plugins", action="org:admin", sync_to_thread=True)
def organisation_page(asked: Ask) -> Response[bytes]:
    """What plugins can be set to for the organisation."""
    return _draw(asked, _organisation(asked))


@post("/organisation/plugins/{name:str}/settings", action="org:admin")
async def change_organisation(asked: Ask, name: FromPath[str]) -> Response[Any]:
    """Change one plugin's settings for the organisation."""
    return await _change(asked, _organisation(asked), name, "/organisation/plugins")


@get("/projects/{slug:str}/plugins", action="project:admin", sync_to_thread=True)
def project_page(asked: Ask, slug: FromPath[str]) -> Response[bytes]:
    """What plugins can be set to for a project."""
    return _draw(asked, _project(asked, slug))


@post("/projects/{slug:str}/plugins/{name:str}/settings", action="project:admin")
async def change_project(asked: Ask, slug: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """Change one plugin's settings for a project."""
    scene = await asyncio.to_thread(_project, asked, slug)
    return await _change(asked, scene, name, scene.path)


def _organisation(asked: Asked) -> Scene:
    if asked.visitor.principal.projects is not None:
        raise Denied("This token reaches some projects alone, and not their organisation.")
    return Scene(SettingPlace(asked.visitor.organisation_id), "/organisation/plugins")


def _project(asked: Asked, slug: str) -> Scene:
    project = asked.visitor.project(slug)
    return Scene(SettingPlace(project.organisation, project.id), f"/projects/{slug}/plugins", project)


async def _change(asked: Asked, scene: Scene, plugin: str, then: str, only: str = "") -> Response[Any]:
    desk = asked.visitor.kernel("settings")
    try:
        values = typed(asked.form, desk.form(plugin, scene.place))
        audit = asked.visitor.audit("settings.change", f"plugin:{plugin}")
        await desk.change(plugin, values, scene.place, audit)
    except Reject as refusal:
        if refusal.status == 404:
            raise
        return await asyncio.to_thread(_draw, asked, scene, only, (plugin, refusal))
    return go(f"{then}?done=settings#{plugin}")


def typed(form: Form, asked: SettingForm) -> dict[str, str | None]:
    """What a form says of each field: a text, or None to take back what is set. A secret left empty stays."""
    found: dict[str, str | None] = {}
    for one in asked.fields:
        name = one.field.name
        if one.is_pinned or is_table(one):
            continue
        if one.field.kind != "secret":
            found[name] = form.text(PREFIX + name) or None
        elif form.is_ticked(REMOVED + name):
            found[name] = None
        elif form.exact(PREFIX + name):
            found[name] = form.exact(PREFIX + name)
    return found


def is_table(one: SettingField) -> bool:
    """Whether a field holds tables, or lists of such: those are set in `amber.toml`, or as JSON over the API."""
    parts = held(one) if isinstance(held(one), list | tuple) else (held(one),)
    return any(isinstance(part, Mapping) for part in parts)


def held(one: SettingField) -> Any:
    """What a field holds in this place, wherever it was set."""
    return one.inherited if one.value is None else one.value


def _draw(asked: Asked, scene: Scene, only: str = "", refused: tuple[str, Reject] | None = None) -> Response[bytes]:
    desk = asked.visitor.kernel("settings")
    forms = [desk.form(only, scene.place)] if only else desk.forms(scene.place)
    plugin, refusal = refused if refused is not None else ("", None)
    sections = [
        _section(form, scene, asked.form if form.plugin == plugin else None, refusal if form.plugin == plugin else None)
        for form in forms
    ]
    status = None if refusal is None else Reject(refusal.detail, status=refusal.status, causes=(f"{plugin}: ",))
    return asked.draw("plugin_settings", refusal=status, sections=sections, project=scene.project, only=only)


def _section(form: SettingForm, scene: Scene, sent: Form | None, refusal: Reject | None) -> Section:
    problems = problems_of(refusal)
    entries = tuple(_entry(one, sent, problems, scene.above) for one in form.fields)
    return Section(form, entries, problems, f"{scene.path}/{form.plugin}/settings")


def _entry(one: SettingField, sent: Form | None, problems: Mapping[str, str], above: str) -> Entry:
    name = one.field.name
    if one.field.kind == "secret":
        text = ""
    elif sent is not None and not one.is_pinned:
        text = sent.text(PREFIX + name)
    else:
        text = ("on" if one.value else "off") if isinstance(one.value, bool) else text_of(one.value)
    return Entry(one, text, above, problems.get(name, ""))


HANDLERS = (
    installation_page,
    change_installation,
    organisation_page,
    change_organisation,
    project_page,
    change_project,
)
