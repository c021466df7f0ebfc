"""The audit log: who changed what."""

from collections.abc import Mapping
from typing import Any

from msgspec import structs
from sqlalchemy import Connection, insert, select

from amber.model import AuditEntry, Page
from amber_storage.sql.columns import fields
from amber_storage.sql.cursors import Order, as_page, page_of
from amber_storage.sql.entries import Part
from amber_storage.sql.schema import audit_log

ORDER = Order("audit", audit_log.c.id, audit_log.c.id)
HIDDEN = "•••"
"""What stands in the log for a value that nobody may read."""


class AuditLog(Part):
    """The part of the directory that tells who changed what."""

    def note_change(self, audit: AuditEntry) -> None:
        """Add to the audit log what was changed elsewhere than in the directory."""
        with self._database.writing() as connection:
            _add(connection, audit)

    def audit_log(self, organisation: int, cursor: str = "", limit: int = 50, subject: str = "") -> Page[AuditEntry]:
        """What was changed, newest first; of one subject where it is named."""
        mine = select(*fields(audit_log, AuditEntry)).where(audit_log.c.organisation == organisation)
        if subject:
            mine = mine.where(audit_log.c.subject == subject)
        with self._database.reading() as connection:
            rows = connection.execute(page_of(mine, ORDER, cursor, limit)).all()
        return as_page(rows, ORDER, AuditEntry, limit)


def write_audit(
    connection: Connection,
    audit: AuditEntry,
    subject: str,
    before: Mapping[str, Any] = {},
    after: Mapping[str, Any] = {},
) -> None:
    """Add an entry to the log, in the transaction of what it tells of.

    `subject` (`user:3`), `before` and `after` are the store's to say: they never hold a hash, a digest or a secret.
    """
    _add(connection, structs.replace(audit, subject=subject, before=before, after=after))


def _add(connection: Connection, entry: AuditEntry) -> None:
    connection.execute(insert(audit_log).values(**structs.asdict(entry)))
