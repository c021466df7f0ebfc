"""Every table of the store. `migrations/` makes them; a test proves that both agree.

Times are Unix seconds, `hour` is a Unix hour. Rows are written by the million into `event_ids`, `events`,
`counted_events`, `issue_users`, `issue_facets` and `issue_hours`: these have no foreign keys, which would cost a
look-up (and on PostgreSQL a row lock) for each row.
"""

from amber_storage.sql.schema.events import attachments, dictionaries, event_ids, events, feedback, groupings
from amber_storage.sql.schema.issues import (
    applied_marks,
    counted_events,
    gone_events,
    issue_facets,
    issue_hours,
    issue_keys,
    issue_users,
    issues,
    jobs,
    outbox,
    outcomes,
)
from amber_storage.sql.schema.parts import metadata
from amber_storage.sql.schema.people import (
    invitations,
    memberships,
    sessions,
    team_members,
    team_projects,
    teams,
    users,
)
from amber_storage.sql.schema.settings import plugin_settings
from amber_storage.sql.schema.targets import attempts, targets
from amber_storage.sql.schema.tenants import audit_log, organisations, project_keys, projects, tokens

__all__ = [
    "applied_marks",
    "attachments",
    "attempts",
    "audit_log",
    "counted_events",
    "dictionaries",
    "event_ids",
    "events",
    "feedback",
    "gone_events",
    "groupings",
    "invitations",
    "issue_facets",
    "issue_hours",
    "issue_keys",
    "issue_users",
    "issues",
    "jobs",
    "memberships",
    "metadata",
    "organisations",
    "outbox",
    "outcomes",
    "plugin_settings",
    "project_keys",
    "projects",
    "sessions",
    "targets",
    "team_members",
    "team_projects",
    "teams",
    "tokens",
    "users",
]
