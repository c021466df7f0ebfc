"""`/audit`: who changed what."""

from typing import Annotated, Any

from litestar import get
from msgspec import Meta, Struct

from amber.model import AuditEntry, rfc3339
from amber_api.v1.query import Paging, Query, Words, queried
from amber_api.v1.shapes import PROBLEMS, Listing, paged
from amber_api.v1.tenant import Caller


class AuditItem(Struct, frozen=True):
    """One change: who made it (`token:3`, `user:1`, `cli` …), to what, and from where."""

    actor: str
    action: str
    subject: str
    at: str
    before: dict[str, Any]
    after: dict[str, Any]
    client_ip: str


class AuditFilter(Paging, frozen=True, forbid_unknown_fields=True):
    """Which changes."""

    subject: Annotated[Words, Meta(description="Of exactly this alone")] = ""


@get("/audit", action="org:admin", tags=["audit"], responses=PROBLEMS, sync_to_thread=True, **queried(AuditFilter))
def list_audit(tenant: Caller, asked: Query[AuditFilter]) -> Listing[AuditItem]:
    """What was changed in the organisation, newest first."""
    log = tenant.directory.audit_log(tenant.organisation, asked.cursor, asked.limit, asked.subject)
    return paged(log, _shown)


def _shown(one: AuditEntry) -> AuditItem:
    before, after = dict(one.before), dict(one.after)
    return AuditItem(one.actor, one.action, one.subject, rfc3339(one.at), before, after, one.client_ip)


HANDLERS = (list_audit,)
