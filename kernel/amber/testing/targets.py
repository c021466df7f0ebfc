"""Targets and their delivery log in memory, for tests of what delivers."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from amber.model import Attempt, AuditEntry, Notification, Project, Target
from amber.testing.stores import NOON

SHOP = Project(1, 1, "shop", "Shop", "python", NOON)


def target(id: int = 1, plugin: str = "pager", **given: Any) -> Target:
    """A target of the shop's that wants all news."""
    values: dict[str, Any] = {
        "name": "On call",
        "settings": {},
        "kinds": ("issue.created", "issue.regressed"),
        "is_enabled": True,
    }
    return Target(id=id, project=SHOP.id, plugin=plugin, created_at=NOON, **(values | given))


def news(id: str = "n1", kind: str = "issue.created", **given: Any) -> Notification:
    """A notification of a new issue in the shop."""
    values = {
        "project_slug": SHOP.slug,
        "project_name": SHOP.name,
        "title": "KeyError: 'coffee'",
        "culprit": "shop.cart",
        "level": "error",
        "issue_id": "7",
        "short_id": "SHOP-7",
        "event_id": "e" * 32,
        "url": "https://amber.example/issues/7",
    }
    return Notification(id=id, kind=kind, project=SHOP.id, at=NOON, **(values | given))


class TargetShelf:
    """The part of a directory that deliveries need. `failure` is raised instead of noting an attempt."""

    def __init__(self, *targets: Target) -> None:
        self.kept = {one.id: one for one in targets}
        self.noted: list[Attempt] = []
        self.failure: Exception | None = None

    def project(self, ref: str, organisation: int | None = None) -> Project | None:
        """The shop, by its id."""
        return SHOP if ref == str(SHOP.id) else None

    def targets(self, project: int) -> tuple[Target, ...]:
        """The project's targets."""
        return tuple(one for one in self.kept.values() if one.project == project)

    def target(self, target: int) -> Target | None:
        """One of them."""
        return self.kept.get(target)

    def change_target(self, target: int, changes: Mapping[str, object], audit: AuditEntry) -> Target:
        """Change it."""
        self.kept[target] = replace(self.kept[target], **changes)
        return self.kept[target]

    def note_attempt(self, attempt: Attempt) -> Attempt:
        """Add to the log."""
        if self.failure is not None:
            raise self.failure
        self.noted.append(replace(attempt, id=len(self.noted) + 1))
        return self.noted[-1]

    def outcomes(self) -> list[tuple[int, str, str]]:
        """Number, outcome and words of every try."""
        return [(one.number, one.outcome, one.detail) for one in self.noted]
