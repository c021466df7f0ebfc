"""The directory's organisations, projects and their keys."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from msgspec import structs
from sqlalchemy import Connection, select, update

from amber.errors import Reject
from amber.model import AuditEntry, Organisation, Project, ProjectKey
from amber_storage.sql.audit import write_audit
from amber_storage.sql.entries import Part, add_row, by_reference, check_slug, need, read, read_all
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import organisations, project_keys, projects


class Projects(Part):
    """The part of the directory that tells what there is; see `amber.model.Directory`."""

    def add_organisation(self, slug: str, name: str, audit: AuditEntry) -> Organisation:
        """Make an organisation; `audit.organisation` is replaced by its id."""
        values = {"slug": check_slug(slug), "name": name, "created_at": audit.at}
        with self._database.writing() as connection:
            row = add_row(connection, organisations, values, f"slug: {slug!r}")
            write_audit(connection, structs.replace(audit, organisation=row.id))
        return read(row, Organisation)

    def organisations(self) -> tuple[Organisation, ...]:
        """All organisations, by id."""
        with self._database.reading() as connection:
            return read_all(connection, organisations, Organisation)

    def organisation(self, ref: str) -> Organisation | None:
        """One by id or slug."""
        with self._database.reading() as connection:
            row = connection.execute(by_reference(select(organisations), organisations, ref)).one_or_none()
        return read(row, Organisation) if row else None

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
            row = add_row(connection, projects, values, f"slug: {slug!r}")
            _tell_project(connection, row.id, audit)
            _add_key(connection, row.id, "first key", audit)
        return read(row, Project)

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
        with self._database.writing() as connection:
            before = need(connection, projects, project, "project")
            values = _changed(before.settings, changes)
            if values:
                connection.execute(update(projects).where(projects.c.id == project).values(**values))
            _tell_project(connection, project, audit)
            return read(need(connection, projects, project, "project"), Project)

    def add_key(self, project: int, label: str, audit: AuditEntry) -> ProjectKey:
        """Make a key with 32 random hex digits."""
        with self._database.writing() as connection:
            need(connection, projects, project, "project")
            write_audit(connection, audit)
            return _add_key(connection, project, label, audit)

    def keys(self, project: int) -> tuple[ProjectKey, ...]:
        """The project's keys, by id."""
        with self._database.reading() as connection:
            return read_all(connection, project_keys, ProjectKey, project=project)

    def key(self, public_key: str) -> tuple[ProjectKey, Project] | None:
        """An active or inactive key with its project, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(project_keys).filter_by(public_key=public_key)).one_or_none()
            if row is None:
                return None
            return read(row, ProjectKey), read(need(connection, projects, row.project, "project"), Project)

    def change_key(self, key: int, is_active: bool, audit: AuditEntry) -> ProjectKey:
        """Switch a key on or off."""
        with self._database.writing() as connection:
            row = need(connection, project_keys, key, "key")
            connection.execute(update(project_keys).where(project_keys.c.id == key).values(is_active=is_active))
            write_audit(connection, audit)
            _tell_key(connection, row.project, row.public_key, audit)
        return structs.replace(read(row, ProjectKey), is_active=is_active)


def _add_key(connection: Connection, project: int, label: str, audit: AuditEntry) -> ProjectKey:
    public_key = token_hex(16)
    values = {"project": project, "public_key": public_key, "label": label, "is_active": True, "created_at": audit.at}
    row = add_row(connection, project_keys, values, "public key")
    _tell_key(connection, project, public_key, audit)
    return read(row, ProjectKey)


def _tell_project(connection: Connection, project: int, audit: AuditEntry) -> None:
    write_audit(connection, audit)
    add_facts(connection, [new_fact("project.changed", project, audit.at, {"project_id": str(project)})])


def _tell_key(connection: Connection, project: int, public_key: str, audit: AuditEntry) -> None:
    # A new key is told of too: processes remember keys they were asked for in vain.
    add_facts(connection, [new_fact("key.changed", project, audit.at, {"public_key": public_key})])


def _changed(settings: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, Any]:
    """The columns to write."""
    for field, value in changes.items():
        kind = {"name": str, "platform": str, "settings": Mapping}.get(field)
        if kind is None:
            raise Reject(f"{field}: a project has no such field to change")
        if not isinstance(value, kind):
            raise Reject(f"{field}: must be {'an object' if kind is Mapping else 'text'}")
    values: dict[str, Any] = dict(changes)
    if "settings" in values:
        both = {**settings, **values["settings"]}
        values["settings"] = {name: value for name, value in both.items() if value is not None}
    return values
