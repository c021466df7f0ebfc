"""The directory's organisations."""

from msgspec import structs
from sqlalchemy import select

from amber.model import AuditEntry, Organisation
from amber_storage.sql.audit import write_audit
from amber_storage.sql.entries import Part, add_row, by_reference, change_row, check_slug, hold, read, read_all
from amber_storage.sql.fields import differences, told
from amber_storage.sql.schema import organisations


class Organisations(Part):
    """The part of the directory that tells which tenants there are."""

    def add_organisation(self, slug: str, name: str, audit: AuditEntry) -> Organisation:
        """Make an organisation; `audit.organisation` is replaced by its id."""
        values = {"slug": check_slug(slug), "name": name, "created_at": audit.at}
        with self._database.writing() as connection:
            made = read(add_row(connection, organisations, values, f"slug: {slug!r}"), Organisation)
            own = structs.replace(audit, organisation=made.id)
            write_audit(connection, own, f"organisation:{made.id}", after=told(made, "slug name"))
        return made

    def organisations(self) -> tuple[Organisation, ...]:
        """All organisations, by id."""
        with self._database.reading() as connection:
            return read_all(connection, organisations, Organisation)

    def organisation(self, ref: str) -> Organisation | None:
        """One by id or slug."""
        with self._database.reading() as connection:
            row = connection.execute(by_reference(select(organisations), organisations, ref)).one_or_none()
        return read(row, Organisation) if row else None

    def change_organisation(self, organisation: int, name: str, audit: AuditEntry) -> Organisation:
        """Rename an organisation; its slug stays."""
        with self._database.writing() as connection:
            row = hold(connection, organisations, organisation, "organisation")
            before, after = differences(row._mapping, {"name": name})
            if after:
                row = change_row(connection, organisations, organisation, after)
                write_audit(connection, audit, f"organisation:{organisation}", before, after)
        return read(row, Organisation)
