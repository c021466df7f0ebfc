"""The directory's projects."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from amber.model import AuditEntry, Project
from amber_storage.sql.audit import write_audit
from amber_storage.sql.entries import Part, add_row, by_reference, change_row, check_slug, hold, need, read, read_all
from amber_storage.sql.fields import OBJECT, TEXT, checked, differences, told
from amber_storage.sql.keys import make_key
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import organisations, projects

CHANGEABLE = {"name": TEXT, "platform": TEXT, "settings": OBJECT}


class Projects(Part):
    """The part of the directory that tells which projects there are."""

    def add_project(self, organisation: int, slug: str, name: str, platform: str, audit: AuditEntry) -> Project:
        """Make a project with its first key."""
        values = {
            "organisation": organisation,
            "slug": check_slug(slug),
            "name": name,
            "platform": platform,
            "created_at": audit.at,
            "settings": {},
            "last_number": 0,
        }
        with self._database.writing() as connection:
            need(connection, organisations, organisation, "organisation")
            made = read(add_row(connection, projects, values, f"slug: {slug!r}"), Project)
            write_audit(connection, audit, f"project:{made.id}", after=told(made, "slug name platform"))
            _tell(connection, made.id, audit)
            make_key(connection, made.id, "first key", audit)
        return made

    def projects(self, organisation: int) -> tuple[Project, ...]:
        """The organisation's projects, by id."""
        with self._database.reading() as connection:
            return read_all(connection, projects, Project, organisation=organisation)

    def project(self, ref: str, organisation: int | None = None) -> Project | None:
        """One by id or slug, within the organisation where one is named; otherwise the eldest of that slug."""
        found = by_reference(select(projects), projects, ref).order_by(projects.c.id).limit(1)
        if organisation is not None:
            found = found.where(projects.c.organisation == organisation)
        with self._database.reading() as connection:
            row = connection.execute(found).one_or_none()
        return read(row, Project) if row else None

    def change_project(self, project: int, changes: Mapping[str, object], audit: AuditEntry) -> Project:
        """Change `name`, `platform` or `settings` (merged key by key; None takes a key out)."""
        wanted = checked(changes, CHANGEABLE, "project")
        with self._database.writing() as connection:
            row = hold(connection, projects, project, "project")
            before, after = _differences(row._mapping, wanted)
            if after:
                row = change_row(connection, projects, project, _merged(row.settings, after))
                write_audit(connection, audit, f"project:{project}", before, after)
                _tell(connection, project, audit)
        return read(row, Project)


def _tell(connection: Connection, project: int, audit: AuditEntry) -> None:
    add_facts(connection, [new_fact("project.changed", project, audit.at, {"project_id": str(project)})])


def _differences(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """As `differences` says, but of the settings only those that change."""
    plain = {name: value for name, value in wanted.items() if name != "settings"}
    before, after = differences(row, plain)
    old, new = differences(row["settings"], wanted.get("settings", {}))
    return (before | {"settings": old}, after | {"settings": new}) if new else (before, after)


def _merged(settings: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The columns to write."""
    if "settings" not in after:
        return dict(after)
    both = {**settings, **after["settings"]}
    return {**after, "settings": {name: value for name, value in both.items() if value is not None}}
