"""Tells a project's targets of new issues and of issues that came back, and shows on an issue's page who was told."""

from collections.abc import Sequence
from typing import Any

from amber import Context, hookimpl
from amber.model import Alert, Fact, UiPage

LONGEST = 2000


@hookimpl
def evaluate_fact(fact: Fact) -> list[Alert]:
    """One alert, for those targets that want such news; the same fact gives the same alert."""
    names = ("title", "culprit", "level", "issue_id", "short_id", "event_id")
    words: dict[str, Any] = {name: str(fact.data.get(name) or "")[:LONGEST] for name in names}
    return [Alert(**words)]


@hookimpl
def ui_pages(ctx: Context[Any]) -> Sequence[UiPage]:
    """The tab of an issue that says who was told of it."""
    from amber_alerts.notify.told import show  # a worker draws nothing

    return [UiPage("told", "Notifications", show, place="issue")]
