"""One submission on its way through the digest, and what it adds to the counts."""

from collections.abc import Sequence

from msgspec.structs import replace

from amber.bus import Message
from amber.errors import PluginError, Reject
from amber.model import Decoded, Event, Feedback, OutcomeCount, Submission


class Job:
    """One submission on its way through the digest."""

    def __init__(self, message: Message, submission: Submission) -> None:
        self.message, self.submission = message, submission
        self.decoded = Decoded()
        self.failure: PluginError | Reject | None = None

    def fail(self, error: PluginError | Reject) -> None:
        """Remember the first reason why this submission is set aside."""
        self.failure = self.failure or error


Owners = dict[tuple[int, str], list[Job]]
"""Which submissions an event came in: the same event may have been sent several times."""


def fail(events: Sequence[Event], owners: Owners, error: PluginError | Reject) -> None:
    """Set aside every submission that one of these events came in."""
    for event in events:
        for job in owners[event.project, event.id]:
            job.fail(error)


def job_outcomes(job: Job) -> list[OutcomeCount]:
    """What a submission adds to the counts apart from stored events and handled items."""
    hour = int(job.submission.received_at // 3600)
    return [replace(outcome, hour=outcome.hour or hour) for outcome in _told(job)]


def _told(job: Job) -> list[OutcomeCount]:
    dropped = [outcome for outcome in job.submission.dropped.values() if outcome.quantity]
    if job.failure is None:
        return [*dropped, *job.decoded.outcomes]
    project, meta = job.submission.project, job.submission.meta
    categories = meta.get("categories") or ["error"]
    quantities = meta.get("quantities") or [1] * len(categories)
    reason = job.failure.plugin if isinstance(job.failure, PluginError) else "rejected"
    dead = [
        OutcomeCount(project, category, "dead", reason, quantity)
        for position, (category, quantity) in enumerate(zip(categories, quantities, strict=True))
        if position not in job.submission.dropped
    ]
    return [*dropped, *dead]


def only(submission: Submission, item_id: str) -> Submission:
    """The submission with every item but one left out, without counting those again."""
    position = int(item_id.rsplit(":", 1)[1])
    others = range(len(submission.meta.get("categories") or ()))
    silent = OutcomeCount(submission.project, "", "", quantity=0)
    return replace(submission, dropped={number: silent for number in others if number != position})


def feedback_of(event: Event) -> Feedback:
    """A feedback event as the store keeps it."""
    told = (event.data.get("contexts") or {}).get("feedback") or {}
    return Feedback(
        id=event.id,
        project=event.project,
        event_id=str(told.get("associated_event_id") or ""),
        name=str(told.get("name") or ""),
        email=str(told.get("contact_email") or ""),
        message=str(told.get("message") or ""),
        received_at=event.received_at,
        data=event.data,
    )


def feedback_outcome(event: Event) -> OutcomeCount:
    """What a feedback event that was kept adds to the counts."""
    return OutcomeCount(event.project, event.category, "stored", hour=int(event.received_at // 3600))
