"""`/pages/{plugin}/{page}`, and the same below a project or an issue: the pages that plugins add."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation
from msgspec import Struct

from amber.errors import PluginError
from amber.model import Download, Fragment, Issue, Principal, Project, Redirect, UiPage, UiRequest
from amber_console.home.added.files import plugin_file
from amber_console.home.added.markup import fault_of
from amber_console.home.issue.desk import Desk, heading
from amber_console.home.pages import HEADERS, Drawn, Pages, go, local_path
from amber_console.home.settings.forms import Form, read_form
from amber_console.home.visitor import Looker, Visitor

ORGANISATION = ["/pages/{plugin:str}/{page:str}", "/pages/{plugin:str}/{page:str}/{rest:path}"]
PROJECT = [f"/projects/{{slug:str}}{path}" for path in ORGANISATION]
ISSUE = [f"/issues/{{issue:str}}{path}" for path in ORGANISATION]
Asked = Request[Principal, Any, Any]
Filled = NamedDependency[SkipValidation[Form]]


class Place(Struct, frozen=True):
    """The page that is asked for, and what it is about."""

    plugin: str
    page: UiPage
    project: Project | None
    issue: Issue | None

    @property
    def path(self) -> str:
        """The page's own address."""
        if self.issue is not None:
            return f"/issues/{self.issue.id}/pages/{self.plugin}/{self.page.slug}"
        prefix = f"/projects/{self.project.slug}" if self.project is not None else ""
        return f"{prefix}/pages/{self.plugin}/{self.page.slug}"


@get(ORGANISATION, action="project:read")
async def page(request: Asked, visitor: Looker, pages: Drawn, form: Filled) -> Response[Any]:
    """A page about the organisation, or the installation."""
    return await _answer(request, visitor, pages, form)


@post(ORGANISATION, action="project:read", status_code=200)
async def send(request: Asked, visitor: Looker, pages: Drawn, form: Filled) -> Response[Any]:
    """A form on such a page."""
    return await _answer(request, visitor, pages, form)


@get(PROJECT, action="project:read")
async def project_page(request: Asked, visitor: Looker, pages: Drawn, form: Filled) -> Response[Any]:
    """A page about one project."""
    return await _answer(request, visitor, pages, form)


@post(PROJECT, action="project:read", status_code=200)
async def project_send(request: Asked, visitor: Looker, pages: Drawn, form: Filled) -> Response[Any]:
    """A form on such a page."""
    return await _answer(request, visitor, pages, form)


@get(ISSUE, action="project:read")
async def issue_tab(request: Asked, visitor: Looker, pages: Drawn, form: Filled) -> Response[Any]:
    """A tab of an issue."""
    return await _answer(request, visitor, pages, form)


@post(ISSUE, action="project:read", status_code=200)
async def issue_send(request: Asked, visitor: Looker, pages: Drawn, form: Filled) -> Response[Any]:
    """A form on such a tab."""
    return await _answer(request, visitor, pages, form)


async def _answer(request: Asked, visitor: Visitor, pages: Pages, form: Form) -> Response[Any]:
    place = await asyncio.to_thread(_place, visitor, request.path_params)
    plugin, desk = place.plugin, visitor.kernel("pages")
    try:
        shown = await desk.show(plugin, place.page, _request(request, visitor, place, form))
        fault = fault_of(shown) if isinstance(shown, Fragment) else ""
        if fault:
            raise PluginError(plugin, "ui_pages", fault)
    except PluginError as error:
        return await asyncio.to_thread(_drawn, pages, visitor, place, None, error)
    if isinstance(shown, Redirect):
        return go(local_path(shown.path))
    if isinstance(shown, Download):
        return _file(shown)
    return await asyncio.to_thread(_drawn, pages, visitor, place, shown, None)


def _place(visitor: Visitor, given: Mapping[str, Any]) -> Place:
    plugin, slug = str(given["plugin"]), str(given["page"])
    if "issue" in given:
        issue, project = visitor.issue(str(given["issue"]))
        return Place(plugin, visitor.page(plugin, slug, "issue"), project, issue)
    if "slug" in given:
        project = visitor.project(str(given["slug"]))
        return Place(plugin, visitor.page(plugin, slug, "project"), project, None)
    return Place(plugin, visitor.page(plugin, slug, "organisation", "installation"), None, None)


def _request(request: Asked, visitor: Visitor, place: Place, form: Form) -> UiRequest:
    rest = str(request.path_params.get("rest", "")).strip("/")
    return UiRequest(
        principal=visitor.principal,
        organisation=visitor.organisation_id,
        path=place.path,
        at=visitor.now,
        project=place.project,
        rest=tuple(rest.split("/")) if rest else (),
        query=dict(request.query_params),
        form=form.values if request.method == "POST" else None,
        client_ip=visitor.client_ip,
        issue=place.issue,
    )


def _drawn(
    pages: Pages, visitor: Visitor, place: Place, shown: Fragment | None, error: PluginError | None
) -> Response[bytes]:
    plugin, here = visitor.kernel("pages").title(place.plugin), f"{place.plugin}/{place.page.slug}"
    told = {"visitor": visitor, "page": place.page, "plugin": plugin, "open": here, "shown": shown, "error": error}
    status = 200 if error is None else 500
    if place.issue is None:
        return pages.draw("added/page", status, project=place.project, **told)
    return pages.draw("added/tab", status, **heading(Desk(visitor, str(place.issue.id))), **told)


def _file(download: Download) -> Response[bytes]:
    name = quote(download.name.rpartition("/")[2] or "file", safe="")
    headers = HEADERS | {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
    kind = download.content_type if download.content_type.isprintable() else "application/octet-stream"
    return Response(download.body, media_type=kind, headers=headers)


HANDLERS = (
    plugin_file,
    Router(
        path="/",
        route_handlers=[page, send, project_page, project_send, issue_tab, issue_send],
        dependencies={"form": Provide(read_form)},
    ),
)
