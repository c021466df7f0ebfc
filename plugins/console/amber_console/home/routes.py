"""The pages' routes."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation
from litestar.response import Redirect

from amber.errors import Denied, Reject
from amber.model import Principal
from amber_console.home.event_view import event_view
from amber_console.home.pages import HEADERS, Draw, Pages
from amber_console.home.visitor import Looker

Drawn = NamedDependency[SkipValidation[Pages]]
STYLE = {"content-type": "text/css; charset=utf-8", "x-content-type-options": "nosniff", "cache-control": "max-age=600"}


@get("/", action="public", sync_to_thread=True)
def home(request: Request[Principal, Any, Any], pages: Drawn) -> Response[Any]:
    """That Amber runs, and the way in; who is signed in goes on to the issues."""
    if request.user.organisation is not None:
        return Redirect("/issues", status_code=303, headers=HEADERS)
    return pages.draw("signin")


@get("/issues", action="project:read", sync_to_thread=True)
def last_issues(visitor: Looker, pages: Drawn) -> Response[bytes]:
    """The last issues; before the first, how to send one."""
    issues = visitor.last_issues()
    if not issues:
        return pages.draw("welcome", visitor=visitor, dsn=visitor.first_dsn())
    return pages.draw("issues", visitor=visitor, issues=issues, projects=visitor.projects())


@get("/issues/{issue:str}", action="project:read", sync_to_thread=True)
def issue_page(visitor: Looker, pages: Drawn, issue: FromPath[str]) -> Response[bytes]:
    """One issue with its latest event."""
    found, project = visitor.issue(issue)
    event = visitor.latest_event(found)
    shown = event_view(event) if event is not None else None
    return pages.draw("issue", visitor=visitor, issue=found, project=project, event=shown)


@get("/static/console/console.css", action="public", sync_to_thread=True)
def style() -> Response[bytes]:
    """How the pages look."""
    return Response(files("amber_console.home").joinpath("static/console.css").read_bytes(), headers=STYLE)


def _denied(pages: Pages, error: Any) -> Response[bytes]:
    """A browser that shows nobody is asked for a password; everybody else hears why not."""
    if error.status != 401:
        return pages.draw(
            "refused", error.status, title="Not now" if error.status == 429 else "Not yours", why=error.detail
        )
    return pages.draw("signin", 401, {"www-authenticate": 'Basic realm="Amber", charset="UTF-8"'})


def _missing(pages: Pages, error: Any) -> Response[bytes]:
    return pages.draw("refused", error.status, title="Not found", why=error.detail)


REFUSALS: Mapping[type[Exception], Draw] = {Denied: _denied, Reject: _missing}
HANDLERS = (home, last_issues, issue_page, style)
