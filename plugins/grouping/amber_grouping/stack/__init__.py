"""Groups events by what went wrong and where: the default grouping.

Asked in this order, the first mechanism that finds anything decides: the client's own `fingerprint`; the chain of
exceptions (type, and the module, function and source line of each in-app frame, never a line number); a stack trace or
the crashed or current thread; a browser's security report (directive and what was blocked); the message with its
variable parts replaced. An event with none of these is grouped by what else it tells (platform, logger, transaction …),
and one that tells nothing at all stands alone under its own id.
"""

from collections.abc import Sequence
from typing import Any

from amber import Context, hookimpl
from amber.model import Event, Fragment, Grouping, Subject
from amber_grouping.stack.key import VERSION, key_of
from amber_grouping.stack.mechanisms import group_event

__all__ = ["VERSION", "group_events", "key_of"]


@hookimpl
def group_events(events: Sequence[Event]) -> Sequence[Grouping]:
    """The grouping of each event, in order; every event gets one."""
    return [group_event(event) for event in events]


@hookimpl
def ui_slot(slot: str, subject: Subject, ctx: Context[Any]) -> Fragment | None:
    """Why an event belongs to its issue, beside the event; for groupings of other plugins as well."""
    if slot != "issue.sidebar" or subject.event is None or subject.issue is None:
        return None
    from amber_grouping.stack.explained import explained  # a worker groups and explains nothing

    why = explained(subject.event.grouping, subject.event.data)
    return ctx.render("why.html", why=why, issue=subject.issue)
