"""The audit log: who changed what."""

from amber.model import AuditEntry
from amber_storage.sql.schema import audit_log
from msgspec import structs
from sqlalchemy import Connection, insert


def write_audit(connection: Connection, *entries: AuditEntry) -> None:
    """Add entries to the log, in the transaction of what they tell of."""
    if entries:
        connection.execute(insert(audit_log), [structs.asdict(entry) for entry in entries])
