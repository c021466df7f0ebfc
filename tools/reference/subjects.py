"""The page about the bus: its streams and subjects."""

from amber.bus import (
    STATUS,
    STREAMS,
    TRACE,
    Stream,
    dead_subject,
    fact_subject,
    item_subject,
    task_subject,
    trace_subject,
)
from reference.markdown import code, prose, table

INTRODUCTION = """# Subjects

What travels over NATS. A subject tells the world that something happened; a [hook](hooks.md) asks a question. Facts
and tasks are JSON: within v1 fields are only added, and readers ignore those they do not know.
"""


def page() -> str:
    """The Markdown of the page."""
    streams = table(
        ["Stream", "Subjects", "Kept", "What is in it"],
        [(code(each.name), code(each.subjects), _kept(each), each.what) for each in STREAMS],
    )
    subjects = table(
        ["Subject", "What goes there"],
        [
            (code(item_subject(0, 1).removesuffix("0") + "<partition>"), prose(item_subject)),
            (code(fact_subject("<noun>.<past participle>", "<project>")), prose(fact_subject)),
            (code(task_subject("<plugin>", "<name>")), prose(task_subject)),
            (code(dead_subject("<stream>", "<plugin>")), prose(dead_subject)),
            (code(STATUS), "Where every process says every few seconds how it is; not kept."),
            (code(TRACE), "Where `amber trace` says every second which calls it wants to hear of; not kept."),
            (code(trace_subject("<wish>")), prose(trace_subject)),
        ],
    )
    return "\n\n".join([INTRODUCTION.rstrip(), "## Streams", streams, "## What stands where", subjects])


def _kept(stream: Stream) -> str:
    days = f"{stream.max_age / 86_400:g} days"
    if stream.is_latest:
        return "the latest of each subject"
    if stream.is_queue:
        return f"until acknowledged, at most {days}" if stream.max_age else "until acknowledged"
    return days
