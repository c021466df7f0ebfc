"""`/issues/{issue}/grouping`: why events belong to their issue."""

import msgspec
from litestar import get
from msgspec import Struct

from amber.model import Grouping
from amber_api.v1.paths import IssuePath
from amber_api.v1.shapes import PROBLEMS
from amber_api.v1.tenant import Caller, existing


class Part(Struct, frozen=True):
    """One part of what was hashed, in its place."""

    name: str
    value: str


class GroupingDetail(Struct, frozen=True):
    """Why the issue's latest event belongs to it; `keys` are all whose events do."""

    issue_id: str
    event_id: str
    mechanism: str
    version: int
    key: str
    summary: str
    parts: list[Part]
    keys: list[str]


@get("/issues/{issue:str}/grouping", action="project:read", tags=["issues"], responses=PROBLEMS, sync_to_thread=True)
def get_grouping(tenant: Caller, issue: IssuePath) -> GroupingDetail:
    """Why the latest event belongs to this issue: the rule, its version and what it looked at."""
    known = tenant.issue(issue)
    keys = tenant.issues.issue_keys(known.id)
    latest = next(iter(tenant.events.list_events(known.project, keys, limit=1).items), None)
    newest = tenant.events.get_event(known.project, latest.event_id) if latest is not None else None
    event = existing(newest, "event: none of this issue's is kept")
    why = msgspec.convert(event.grouping, Grouping)
    parts = [Part(name, value) for name, value in why.parts]
    return GroupingDetail(
        str(known.id), event.event_id, why.mechanism, why.version, why.key, why.summary, parts, list(keys)
    )


HANDLERS = (get_grouping,)
