"""One request for a settings page: who asks, what they typed, and how they are answered."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from amber.errors import Reject
from amber.model import Principal
from amber_console.home.pages import Drawn, Pages
from amber_console.home.settings.forms import BLANK, Form, problems_of, read_form
from amber_console.home.settings.said import SAID
from amber_console.home.visitor import Looker, Visitor


class Asked:
    """The visitor, their form and their query; `draw` answers with a page."""

    def __init__(self, visitor: Visitor, pages: Pages, form: Form, query: Mapping[str, str]) -> None:
        self.visitor, self.form, self.query = visitor, form, query
        self._pages = pages

    def draw(self, template: str, form: Form = BLANK, refusal: Reject | None = None, **given: Any) -> Response[bytes]:
        """The page of `templates/settings/`, with what was refused beside the fields it is about."""
        status = 200 if refusal is None else refusal.status
        problems, said = problems_of(refusal), SAID.get(self.query.get("done", ""), "")
        return self._pages.draw(
            f"settings/{template}", status, visitor=self.visitor, form=form, problems=problems, said=said, **given
        )


Ask = NamedDependency[SkipValidation[Asked]]
"""A handler's parameter `asked`."""
Filled = NamedDependency[SkipValidation[Form]]


def asked(request: Request[Principal, Any, Any], visitor: Looker, pages: Drawn, form: Filled) -> Asked:
    """What gives every handler its `asked`."""
    return Asked(visitor, pages, form, request.query_params)


DEPENDENCIES = {"form": Provide(read_form), "asked": Provide(asked, sync_to_thread=False)}
