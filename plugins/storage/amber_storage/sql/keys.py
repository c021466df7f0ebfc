"""The directory's project keys."""

from secrets import token_hex

from sqlalchemy import Connection, select

from amber.model import AuditEntry, Project, ProjectKey
from amber_storage.sql.audit import write_audit
from amber_storage.sql.entries import Part, add_row, change_row, hold, need, read, read_all
from amber_storage.sql.fields import differences, told
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import project_keys, projects


class Keys(Part):
    """The part of the directory that tells with which keys projects are sent to."""

    def add_key(self, project: int, label: str, audit: AuditEntry) -> ProjectKey:
        """Make a key with 32 random hex digits."""
        with self._database.writing() as connection:
            need(connection, projects, project, "project")
            made = make_key(connection, project, label, audit)
            write_audit(connection, audit, f"key:{made.id}", after=told(made, "project public_key label is_active"))
        return made

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
            row = hold(connection, project_keys, key, "key")
            before, after = differences(row._mapping, {"is_active": is_active})
            if after:
                row = change_row(connection, project_keys, key, after)
                write_audit(connection, audit, f"key:{key}", before, after)
                _tell(connection, row.project, row.public_key, audit)
        return read(row, ProjectKey)


def make_key(connection: Connection, project: int, label: str, audit: AuditEntry) -> ProjectKey:
    """Make a key, in the transaction of whoever writes down why."""
    public_key = token_hex(16)
    values = {"project": project, "public_key": public_key, "label": label, "is_active": True, "created_at": audit.at}
    made = read(add_row(connection, project_keys, values, "public key"), ProjectKey)
    _tell(connection, project, public_key, audit)
    return made


def _tell(connection: Connection, project: int, public_key: str, audit: AuditEntry) -> None:
    # A new key is told of too: processes remember keys they were asked for in vain.
    add_facts(connection, [new_fact("key.changed", project, audit.at, {"public_key": public_key})])
