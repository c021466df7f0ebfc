"""What a batch comes to in the stores: events first, then, in one transaction, all that counts them."""

from collections import Counter
from collections.abc import Sequence, Set

from msgspec import Struct
from msgspec.structs import replace

from amber.digesting.jobs import Job, feedback_of, feedback_outcome, job_outcomes
from amber.model import (
    Applied,
    Batch,
    BlobStore,
    Directory,
    Event,
    EventStore,
    GroupedEvent,
    IssueStore,
    Mark,
    OutcomeCount,
)


class Stores(Struct, frozen=True):
    """The four roles a worker writes to."""

    events: EventStore
    issues: IssueStore
    blobs: BlobStore
    directory: Directory


class Passed(Struct, frozen=True):
    """What submissions came to: events with their groupings, feedback, and what their items add to the counts."""

    grouped: list[GroupedEvent]
    feedback: list[Event]
    counted: list[OutcomeCount]


def batch_of(marks: Sequence[Mark], jobs: Sequence[Job], passed: Sequence[Passed]) -> tuple[Batch, list[Event]]:
    """What is to be written of some submissions: a batch, and feedback. What only came in those set aside is not."""
    sound = Counter((e.project, e.id) for job in jobs if job.failure is None for e in job.decoded.events)
    grouped = [entry for one in passed for entry in one.grouped if _take(sound, entry.event)]
    feedback = [event for one in passed for event in one.feedback if _take(sound, event)]
    outcomes = [count for one in passed for count in one.counted]
    outcomes += map(feedback_outcome, feedback)
    for job in jobs:
        outcomes += job_outcomes(job)
    return Batch(tuple(marks), tuple(grouped), tuple(outcomes)), feedback


def write(stores: Stores, batch: Batch, feedback: Sequence[Event]) -> Applied:
    """Events first, keyed so that a repeat is harmless; then, in one transaction, all that counts them.

    Raises AlreadyApplied, Unavailable.
    """
    if known := stores.events.write_events(batch.events):
        batch = replace(batch, events=tuple(_as_kept(stores.events, grouped, known) for grouped in batch.events))
    if feedback:
        stores.events.write_feedback([feedback_of(event) for event in feedback])
    applied = stores.issues.apply(batch)
    for project, event_id in applied.gone:
        _delete(stores, project, event_id)
    return applied


def _take(sound: Counter[tuple[int, str]], event: Event) -> bool:
    """Whether a submission that is not set aside still has this event to account for."""
    identity = event.project, event.id
    sound[identity] -= 1
    return sound[identity] >= 0


def _as_kept(events: EventStore, grouped: GroupedEvent, known: Set[tuple[int, str]]) -> GroupedEvent:
    """The event as the event store has it: whoever wrote it first may have died before it was counted.

    The same id may come again with other content, or be grouped otherwise after a plugin was switched; what is
    counted must be what is kept.
    """
    event = grouped.event
    kept = events.get_event(event.project, event.id) if (event.project, event.id) in known else None
    if kept is None:
        return grouped
    grouping = replace(grouped.grouping, key=kept.key)
    same = replace(event, data=kept.data, timestamp=kept.timestamp)
    return GroupedEvent(same, grouping, kept.title, kept.culprit)


def _delete(stores: Stores, project: int, event_id: str) -> None:
    """What was written anew of an event that retention has let go, so that nobody counts it, goes again."""
    for file in stores.events.attachments_of(project, [event_id]):
        stores.blobs.delete(file.blob)
    stores.events.delete_events(project, [event_id])
