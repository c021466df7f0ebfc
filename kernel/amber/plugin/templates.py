"""Draws what plugins show: their own Jinja templates, with every value escaped."""

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from amber.model import Fragment, age, ago, exact, rfc3339
from amber.plugin.staticfiles import static_url


class Templates:
    """The templates of one plugin. They may use `static("chart.css")` and the filters `ago`, `age`, `exact`, `rfc3339`.

    Times are Unix seconds. A value that is missing is an error, never an empty place.
    """

    def __init__(self, plugin: str, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            ago=lambda then: ago(then, time.time()),
            age=lambda then: age(then, time.time()),
            exact=exact,
            rfc3339=rfc3339,
        )
        address = lru_cache(lambda name: static_url(plugin, folder / "static", name))
        self._environment.globals.update(static=address)

    def render(self, template: str, values: Mapping[str, Any]) -> Fragment:
        """What a template makes of these values."""
        return Fragment(Markup(self._environment.get_template(template).render(values)))  # noqa: S704 - autoescaped
