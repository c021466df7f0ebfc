"""`/audit`: who changed what, from where."""

from collections.abc import Iterator, Sequence

from litestar import Response, get

from amber.model import AuditEntry
from amber_console.home.settings.asked import Ask
from amber_console.home.settings.audit_words import Register
from amber_console.home.settings.forms import form_of
from amber_console.home.visitor import ROW_ID, Visitor

LINES = 50


@get("/audit", action="org:admin", sync_to_thread=True)
def audit_page(asked: Ask) -> Response[bytes]:
    """The log, newest first; of one subject where the query names it."""
    subject, cursor = asked.query.get("subject", "").strip()[:200], asked.query.get("cursor", "")
    log = asked.visitor.directory.audit_log(asked.visitor.organisation_id, cursor, LINES, subject)
    register = _register(asked.visitor, log.items)
    return asked.draw(
        "audit",
        form_of(subject=subject),
        lines=[register.line(one) for one in log.items],
        next=log.next,
        is_first=not cursor,
    )


def _register(visitor: Visitor, entries: Sequence[AuditEntry]) -> Register:
    people = {f"user:{one.user.id}": one.user.name or one.user.email for one in visitor.people}
    emails = {one.user.email: one.user.name or one.user.email for one in visitor.people}
    tokens = {
        f"token:{one.id}": one.name or f"…{one.hint}" for one in visitor.directory.tokens(visitor.organisation_id)
    }
    teams = {f"team:{one.id}": one.name for one in visitor.teams}
    projects = {f"project:{one.id}": one.name for one in visitor.projects.values()}
    links = {f"team:{one.id}": f"/people/teams/{one.slug}" for one in visitor.teams}
    links |= {f"project:{one.id}": f"/projects/{one.slug}" for one in visitor.projects.values()}
    small = dict(_small(visitor, {one.subject for one in entries}))
    return Register(people | emails | tokens | teams | projects | small, links)


def _small(visitor: Visitor, subjects: set[str]) -> Iterator[tuple[str, str]]:
    """The names of the keys and targets among these subjects; of another organisation's, nothing."""
    if any(one.startswith("key:") for one in subjects):
        for project in visitor.projects:
            yield from ((f"key:{one.id}", one.label) for one in visitor.directory.keys(project) if one.label)
    for subject in subjects:
        kind, _, ref = subject.partition(":")
        target = visitor.directory.target(int(ref)) if kind == "target" and ROW_ID.fullmatch(ref) else None
        if target is not None and target.project in visitor.projects:
            yield subject, target.name


HANDLERS = (audit_page,)
