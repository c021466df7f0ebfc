"""The audit log: who changed what."""

from msgspec import structs
from sqlalchemy import Connection, insert

from amber.model import AuditEntry
from amber_storage.sql.schema import audit_log


def write_audit(connection: Connection, entry: AuditEntry) -> None:
    """Add an entry to the log, in the transaction of what it tells of."""
    connection.execute(insert(audit_log).values(**structs.asdict(entry)))
