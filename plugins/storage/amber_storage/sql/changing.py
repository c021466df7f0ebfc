"""What people change about issues. Runs inside a transaction that holds the issues' projects."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs
from sqlalchemy import Connection, select, update

from amber.model import AuditEntry, Fact, Issue, IssueChange
from amber_storage.sql.audit import write_audit
from amber_storage.sql.columns import fields
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import issues

STATUS_FACTS = {"resolved": "issue.resolved", "ignored": "issue.ignored", "unresolved": "issue.reopened"}


def projects_of_issues(connection: Connection, ids: Sequence[int]) -> list[int]:
    """The projects these issues belong to; an issue never moves to another."""
    return list(connection.execute(select(issues.c.project).where(issues.c.id.in_(ids)).distinct()).scalars())


def change_rows(
    connection: Connection, ids: Sequence[int], change: IssueChange, audit: AuditEntry
) -> tuple[Issue, ...]:
    """Change these issues; the issues as they are now, in the order of their ids."""
    found = select(*fields(issues, Issue)).where(issues.c.id.in_(ids)).order_by(issues.c.id)
    wanted = {name: value for name, value in structs.asdict(change).items() if value is not None}
    after: list[Issue] = []
    for before in [Issue(*row) for row in connection.execute(found)]:
        values = {name: value for name, value in wanted.items() if getattr(before, name) != value}
        after.append(structs.replace(before, **values))
        if values:
            connection.execute(update(issues).where(issues.c.id == before.id).values(values))
            old = {name: getattr(before, name) for name in values}
            write_audit(connection, audit, f"issue:{before.id}", old, values)
            add_facts(connection, _facts(after[-1], values, audit))
    return tuple(after)


def _facts(issue: Issue, values: Mapping[str, Any], audit: AuditEntry) -> list[Fact]:
    types = [STATUS_FACTS[issue.status]] if "status" in values else []
    types += ["issue.assigned"] if "assignee" in values else []
    data = {
        "issue_id": str(issue.id),
        "short_id": issue.short_id,
        "title": issue.title,
        "project_id": str(issue.project),
        "status": issue.status,
        "assignee": issue.assignee,
        "actor": audit.actor,
    }
    return [new_fact(type, issue.project, audit.at, data) for type in types]
