"""The tab of an issue that says who was told of it, how that went, and who hears when it comes back."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from amber import Context
from amber.errors import Reject
from amber.model import Attempt, Directory, Fragment, Issue, Target, UiRequest

MOST = 100
"""Tries of one target that are looked at: an issue is seldom told of more than once a day."""
KINDS = {"issue.created": "New issue", "issue.regressed": "Came back"}


class Delivery(Struct, frozen=True):
    """One target and one thing it was told, or is being told: how the newest try went."""

    target: Target
    last: Attempt

    @property
    def what(self) -> str:
        """What it was told, in words."""
        return KINDS.get(self.last.notification.kind, self.last.notification.kind)


def deliveries(directory: Directory, targets: Sequence[Target], issue: Issue) -> list[Delivery]:
    """Whatever was sent about an issue, newest first, each with its newest try."""
    newest: dict[tuple[int, str], Delivery] = {}
    for target in targets:
        for attempt in directory.attempts(target.id, limit=MOST, issue=str(issue.id)).items:
            newest.setdefault((target.id, attempt.notification.id), Delivery(target, attempt))
    return sorted(newest.values(), key=lambda one: one.last.at, reverse=True)


def show(request: UiRequest, ctx: Context[Any]) -> Fragment:
    """The tab; what receivers answered is for those who set targets up."""
    if request.project is None or request.issue is None or request.rest:
        raise Reject("There is no such page.", status=404)
    directory: Directory = ctx.role("directory")
    targets = directory.targets(request.project.id)
    return ctx.render(
        "told.html",
        deliveries=deliveries(directory, targets, request.issue),
        hearing=[one for one in targets if one.is_enabled and "issue.regressed" in one.kinds],
        path=f"/projects/{request.project.slug}/notifications",
        is_theirs=request.may("project:admin"),
    )
