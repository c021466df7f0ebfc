"""One submission on its way through the digest, and what it adds to the counts."""

from collections.abc import Sequence

from msgspec.structs import replace

from amber.bus import Message
from amber.errors import PluginError, Reject
from amber.model import Decoded, Event, Feedback, OutcomeCount, Submission
from amber.poison.lineage import part_of
from amber.wire import frames
from amber.wire.accounts import NO_COUNT, of_dead, of_decoded, position_of


class Job:
    """One submission on its way through the digest.

    Items of `later` were sent again on their own; so was the whole submission where `is_postponed`.
    """

    def __init__(self, message: Message, submission: Submission, position: int = 0, siblings: int = 1) -> None:
        self.message, self.submission = message, submission
        self.position, self.siblings = position, siblings  # of how many submissions in its message it is which
        self.decoded = Decoded()
        self.failure: PluginError | Reject | None = None
        self.later: list[str] = []
        self.is_postponed = False

    def fail(self, error: PluginError | Reject) -> None:
        """Remember the first reason why this submission is set aside."""
        self.failure = self.failure or error


def jobs_of(message: Message) -> list[Job]:
    """The submissions in a message. Raises Reject if it is not a whole frame."""
    found = frames.decode(message.data)
    return [Job(message, submission, position, len(found)) for position, submission in enumerate(found)]


Owners = dict[tuple[int, str], list[Job]]
"""Which submissions an event came in: the same event may have been sent several times."""


def fail(events: Sequence[Event], owners: Owners, error: PluginError | Reject) -> None:
    """Set aside every submission that one of these events came in."""
    for event in events:
        for job in owners[event.project, event.id]:
            job.fail(error)


def job_outcomes(job: Job) -> list[OutcomeCount]:
    """What a submission adds to the counts apart from its events and handled items."""
    hour = int(job.submission.received_at // 3600)
    return [outcome if outcome.hour else replace(outcome, hour=hour) for outcome in _told(job)]


def _told(job: Job) -> list[OutcomeCount]:
    if job.is_postponed:
        return []
    if job.failure is not None:
        return of_dead(job.submission, reason_of(job.failure))
    return of_decoded(job.submission, job.decoded, job.later)


def reason_of(failure: Exception) -> str:
    """What a submission that is set aside is counted under."""
    return failure.plugin if isinstance(failure, PluginError) else "rejected"


def lone(job: Job, item_id: str) -> Submission:
    """The submission an item came in with nothing else in it."""
    parts = len(job.decoded.items) + len(job.decoded.events)
    return job.submission if parts == 1 else only(job.submission, item_id)


def only(submission: Submission, item_id: str) -> Submission:
    """The submission with every item but one left out, without counting those again."""
    position = position_of(item_id)
    others = range(len(submission.meta.get("categories") or ()))
    return replace(submission, dropped={number: NO_COUNT for number in others if number != position})


def buried(message: Message, error: Exception, name: str = "dead") -> Message:
    """The message as it is set aside: should it be sent again, its items are known to be counted as dead, and however
    often it is sent, it counts once.
    """
    try:
        submissions = frames.decode(message.data)
    except Reject:
        return message  # nobody can tell what it holds
    data = frames.encode([replace(one, dead=reason_of(error)) for one in submissions])
    return replace(message, data=data, headers={**message.headers, **part_of(message, name)})


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
        data=dict(event.data),
    )


def feedback_outcome(event: Event) -> OutcomeCount:
    """What a feedback event that was kept adds to the counts."""
    return OutcomeCount(event.project, event.category, "stored", hour=int(event.received_at // 3600))
