"""The directory's targets and their delivery log."""

from collections.abc import Mapping
from typing import Any

from msgspec import structs
from msgspec.json import encode
from sqlalchemy import ColumnElement, Text, delete, insert, select, type_coerce

from amber.model import Attempt, AuditEntry, Page, Target
from amber_storage.sql.audit import HIDDEN, write_audit
from amber_storage.sql.columns import fields
from amber_storage.sql.cursors import Order, as_page, page_of
from amber_storage.sql.entries import Part, add_row, change_row, hold, need, read, read_all
from amber_storage.sql.fields import LIST, OBJECT, SWITCH, TEXT, checked, differences, told
from amber_storage.sql.schema import attempts, projects, targets

CHANGEABLE = {"name": TEXT, "settings": OBJECT, "kinds": LIST, "is_enabled": SWITCH}
ORDER = Order("attempts", attempts.c.id, attempts.c.id)
KEPT = 30 * 24 * 3600.0
"""Seconds an attempt stays in the log."""
TOLD = "project plugin name settings kinds is_enabled"


class Targets(Part):
    """The part of the directory that tells whom a project's news goes to; see `amber.model.Directory`."""

    def add_target(self, target: Target, audit: AuditEntry) -> Target:
        """Make a target; the id given is ignored."""
        values = structs.asdict(target)
        del values["id"]
        with self._database.writing() as connection:
            need(connection, projects, target.project, "project")
            made = read(add_row(connection, targets, values, "target"), Target)
            write_audit(connection, audit, f"target:{made.id}", after=_safe(told(made, TOLD)))
        return made

    def targets(self, project: int) -> tuple[Target, ...]:
        """The project's targets, by id."""
        with self._database.reading() as connection:
            return read_all(connection, targets, Target, project=project)

    def target(self, target: int) -> Target | None:
        """One target, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(targets).filter_by(id=target)).one_or_none()
        return read(row, Target) if row else None

    def change_target(self, target: int, changes: Mapping[str, object], audit: AuditEntry) -> Target:
        """Change `name`, `settings` (replaced whole), `kinds` or `is_enabled`; the audit log never holds settings."""
        wanted = checked(changes, CHANGEABLE, "target")
        if "kinds" in wanted:
            wanted["kinds"] = tuple(wanted["kinds"])
        with self._database.writing() as connection:
            row = hold(connection, targets, target, "target")
            before, after = _differences(row._mapping, wanted)
            if after:
                row = change_row(connection, targets, target, wanted)
                write_audit(connection, audit, f"target:{target}", before, after)
        return read(row, Target)

    def remove_target(self, target: int, audit: AuditEntry) -> None:
        """Take a target away, with its delivery log."""
        with self._database.writing() as connection:
            gone = read(hold(connection, targets, target, "target"), Target)
            connection.execute(delete(attempts).where(attempts.c.target == target))
            connection.execute(delete(targets).where(targets.c.id == target))
            write_audit(connection, audit, f"target:{target}", before=_safe(told(gone, TOLD)))

    def note_attempt(self, attempt: Attempt) -> Attempt:
        """Add to the delivery log; the id given is ignored. A target that is gone is no error: the id is 0 then."""
        values = structs.asdict(attempt)
        del values["id"]
        there = select(targets.c.id).where(targets.c.id == attempt.target).with_for_update(key_share=True)
        with self._database.writing() as connection:
            if connection.execute(there).one_or_none() is None:
                return structs.replace(attempt, id=0)
            old = (attempts.c.target == attempt.target) & (attempts.c.at < attempt.at - KEPT)
            connection.execute(delete(attempts).where(old))
            id = connection.execute(insert(attempts).values(**values).returning(attempts.c.id)).scalar_one()
        return structs.replace(attempt, id=id)

    def attempts(self, target: int, cursor: str = "", limit: int = 50, issue: str = "") -> Page[Attempt]:
        """The target's delivery log, newest first; of one issue alone where its id is given."""
        mine = select(*fields(attempts, Attempt)).where(attempts.c.target == target)
        if issue:
            mine = mine.where(_is_about(issue))
        with self._database.reading() as connection:
            rows = connection.execute(page_of(mine, ORDER, cursor, limit)).all()
        return as_page(rows, ORDER, Attempt, limit)

    def attempt(self, attempt: int) -> Attempt | None:
        """One entry of the log, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(attempts).filter_by(id=attempt)).one_or_none()
        return read(row, Attempt) if row else None


def _is_about(issue: str) -> ColumnElement[bool]:
    """Whether an attempt told of this issue; within a text of the JSON every quote has a backslash before it."""
    named = f'"issue_id":{encode(issue).decode()}'
    return type_coerce(attempts.c.notification, Text).contains(named, autoescape=True)


def _safe(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, but of the settings their names alone: any of them may be a secret."""
    return {name: dict.fromkeys(value, HIDDEN) if name == "settings" else value for name, value in values.items()}


def _differences(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """As `differences` says, safe to be read by anybody."""
    before, after = differences(row, wanted)
    if "settings" in after:
        old, new = before["settings"], after["settings"]
        changed = [name for name in old.keys() | new.keys() if old.get(name, old) != new.get(name, new)]
        before["settings"] = {name: HIDDEN for name in sorted(changed) if name in old}
        after["settings"] = {name: HIDDEN for name in sorted(changed) if name in new}
    return before, after
