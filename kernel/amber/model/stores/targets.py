"""The part of the directory that tells whom a project's news goes to."""

from collections.abc import Mapping
from typing import Protocol

from amber.model.issues import Page
from amber.model.notices import Attempt, Target
from amber.model.people import AuditEntry


class Targets(Protocol):
    """Targets and the log of what was delivered to them."""

    def add_target(self, target: Target, audit: AuditEntry) -> Target:
        """Make a target; the id given is ignored."""

    def targets(self, project: int) -> tuple[Target, ...]:
        """The project's targets, by id."""

    def target(self, target: int) -> Target | None:
        """One target, or None."""

    def change_target(self, target: int, changes: Mapping[str, object], audit: AuditEntry) -> Target:
        """Change `name`, `settings` (replaced whole), `kinds` or `is_enabled`; the audit log never holds settings."""

    def remove_target(self, target: int, audit: AuditEntry) -> None:
        """Take a target away, with its delivery log."""

    def note_attempt(self, attempt: Attempt) -> Attempt:
        """Add to the delivery log; the id given is ignored. A target that is gone is no error."""

    def attempts(self, target: int, cursor: str = "", limit: int = 50, issue: str = "") -> Page[Attempt]:
        """The target's delivery log, newest first; of one issue alone where its id is given."""

    def attempt(self, attempt: int) -> Attempt | None:
        """One entry of the log, or None."""
