"""The desk where the console gets plugins' pages, what they put into its own, and their static files."""

import asyncio
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from amber.errors import Denied, PluginError, Reject
from amber.identity.access import Access
from amber.model import Download, Fragment, Principal, Project, Redirect, Resource, Shown, Subject, UiPage, UiRequest
from amber.plugin.dispatch import Answer, Dispatcher
from amber.plugin.staticfiles import static_file, static_version
from amber.registry import Registry

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
PLACES = ("installation", "organisation", "project", "issue")


class PageDesk:
    """What a console reaches as `ctx.kernel("pages")`. Only plugins that run are asked, and only their files served."""

    def __init__(self, registry: Registry, dispatcher: Dispatcher) -> None:
        self._registry, self._dispatcher = registry, dispatcher
        self._access = Access(dispatcher)
        self._known: dict[str, tuple[Any, tuple[UiPage, ...]]] = {}

    async def listed(self) -> Mapping[str, tuple[UiPage, ...]]:
        """The pages of each plugin; one that fails has none."""
        asked = {plugin: await self._pages(plugin) for plugin in self._dispatcher.plugins("ui_pages")}
        found = {plugin: pages for plugin, pages in asked.items() if pages is not None}
        for gone in self._known.keys() - found.keys():
            del self._known[gone]  # what is remembered of it would keep the plugin alive
        return found

    async def _pages(self, plugin: str) -> tuple[UiPage, ...] | None:
        context = self._dispatcher.contexts.get(plugin)  # another one once it was switched off and on
        known = self._known.get(plugin)
        if known is not None and known[0] is context:
            return known[1]
        try:
            pages = await self._dispatcher.ask(plugin, "ui_pages", _checked)
        except (PluginError, Denied, Reject):  # counted and logged where it happened
            return None
        self._known[plugin] = context, pages
        return pages

    async def show(self, plugin: str, page: UiPage, request: UiRequest) -> Shown:
        """What the page answers. Raises Denied and Reject, and PluginError where the plugin is to blame."""
        if self.is_off(plugin, request.organisation, request.project):
            raise Reject("This plugin is switched off here.", status=404)
        action = page.action if request.form is None else page.change
        if not action:
            raise Reject("This page takes no forms.", status=405)
        resource = Resource(request.organisation, request.project.id if request.project is not None else None)
        await self._access.authorise(request.principal, action, resource)
        call = partial(page.show, request, self._dispatcher.contexts.get(plugin))
        return await self._dispatcher.call(plugin, "ui_pages", _shown, call)

    async def fill(self, slot: str, subject: Subject, principal: Principal) -> list[Answer[Fragment]]:
        """What plugins put into a slot, in order; all are asked at once, and who fails puts nothing there."""
        plugins = self._dispatcher.plugins("ui_slot", subject.project)
        answers = await asyncio.gather(*(self._piece(plugin, slot, subject, principal) for plugin in plugins))
        return [Answer(plugin, piece) for plugin, piece in zip(plugins, answers, strict=True) if piece is not None]

    async def _piece(self, plugin: str, slot: str, subject: Subject, principal: Principal) -> Fragment | None:
        try:
            return await self._dispatcher.ask(
                plugin, "ui_slot", _piece, slot=slot, subject=subject, principal=principal
            )
        except PluginError:
            return None  # counted and logged where it happened

    def is_off(self, plugin: str, organisation: int, project: Project | None = None) -> bool:
        """Whether an organisation, or a project of it, does without a plugin: then it has no pages there."""
        return self._dispatcher.is_off(plugin, organisation, project.id if project is not None else None)

    def title(self, plugin: str) -> str:
        """What people call a plugin."""
        known = self._registry.plugins.get(plugin)
        return known.manifest.title if known is not None and known.manifest is not None else plugin

    def static(self, plugin: str, name: str) -> tuple[bytes, str] | None:
        """A file of a running plugin's `static/` and its version; None where there is none."""
        known = next((one for one in self._registry.running() if one.name == plugin), None)
        if known is None or plugin in self._dispatcher.retired:
            return None
        file = static_file(known.folder / "static", name)
        body = file.read_bytes() if file is not None else None
        return (body, static_version(body)) if body is not None else None


def _checked(value: Any) -> tuple[UiPage, ...]:
    pages = tuple(value)
    for page in pages:
        if not isinstance(page, UiPage):
            raise TypeError(f"answered {type(page).__name__}, expected UiPage")
        if not SLUG.fullmatch(page.slug) or page.place not in PLACES or not page.action or not callable(page.show):
            raise ValueError(f"the page {page.slug!r} has no slug like my-page, no known place, no action or no show")
    if len({(page.place if page.place in PLACES[2:] else "", page.slug) for page in pages}) != len(pages):
        raise ValueError("two pages have the same address")
    return pages


def _shown(value: Any) -> Shown:
    if not isinstance(value, Fragment | Redirect | Download):
        raise TypeError(f"answered {type(value).__name__}, expected Fragment, Redirect or Download")
    return value


def _piece(value: Any) -> Fragment | None:
    if value is None or isinstance(value, Fragment):
        return value
    raise TypeError(f"answered {type(value).__name__}, expected Fragment or None")
