"""What goes of one project, step by step: each step is short, whole in itself, and harmless when it is repeated."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from amber import Context
from amber.model import KNOWN_AFTER, BlobStore, EventPlace, EventStore, IssueStore, LetGo
from amber_storage.retention.config import Limits
from amber_storage.retention.pace import Pace

DAY = 24 * 3600.0


class Gone(Struct, frozen=True):
    """What one step let go, and how many events it deleted: those that were known to be gone as well."""

    events: int = 0
    issues: int = 0
    deleted: int = 0


NOTHING = Gone()


class Pruner:
    """Lets go what is too much, in the stores that hold the roles."""

    def __init__(self, ctx: Context[Any], pace: Pace) -> None:
        self._events: EventStore = ctx.role("event_store")
        self._issues: IssueStore = ctx.role("issue_store")
        self._blobs: BlobStore = ctx.role("blob_store")
        self._now, self._pace = ctx.now, pace

    def prune(self, project: int, limits: Limits) -> Iterator[Gone]:
        """The steps for one project; what rounds before left undone comes first."""
        yield from self._forget_ids(project)
        self._delete(project, self._issues.last_let_go(project))
        yield NOTHING
        if limits.days:
            before = self._now() - limits.days * DAY
            yield from self._prune_old(project, before)
        if limits.events:
            yield from self._prune_excess(project, limits.events)

    def forget_figures(self, project: int, days: int) -> Iterator[Gone]:
        """The steps that take out counts by the hour that are too old."""
        before = int((self._now() - days * DAY) // 3600)
        while self._issues.forget_figures(project, before, self._pace.size):
            yield NOTHING

    def give_back(self) -> Iterator[Gone]:
        """The steps that hand empty space back to the system."""
        while self._events.give_back(self._pace.size):
            yield NOTHING

    def _prune_old(self, project: int, before: float) -> Iterator[Gone]:
        cursor: str | None = ""
        while cursor is not None:
            page = self._events.oldest_events(project, before, cursor, self._pace.size)
            yield self._let_go(project, page.items, may_end_issues=True)
            cursor = page.next
        while files := self._events.old_attachments(project, before, self._pace.size):
            for file in files:
                self._blobs.delete(file.blob)
            self._events.delete_attachments([file.id for file in files])
            yield NOTHING
        while self._events.delete_feedback(project, before, self._pace.size):
            yield NOTHING

    def _prune_excess(self, project: int, most: int) -> Iterator[Gone]:
        """First what issues can do without; where there are more issues than events may be, whole issues as well."""
        now = self._now()
        for may_end_issues in (False, True):
            excess = self._events.held(project, now).events - most
            cursor: str | None = ""
            while excess > 0 and cursor is not None:
                page = self._events.oldest_events(project, now, cursor, min(self._pace.size, excess))
                gone = self._let_go(project, page.items, may_end_issues=may_end_issues)
                excess -= gone.deleted
                cursor = page.next
                yield gone

    def _forget_ids(self, project: int) -> Iterator[Gone]:
        """An id whose event was written again since it was let go stays known until the next round: whoever wrote it
        may be about to count it, and must find that it is gone. So nothing is deleted before this.
        """
        before = self._now() - KNOWN_AFTER
        while ids := self._issues.long_gone(project, before, self._pace.size):
            self._issues.forget_events(project, ids)
            written_again = set(ids).intersection(self._issues.long_gone(project, before, self._pace.size))
            self._delete(project, sorted(written_again))
            yield NOTHING
            if written_again:
                return

    def _let_go(self, project: int, places: Sequence[EventPlace], *, may_end_issues: bool) -> Gone:
        """Counts first, then the events: a crash in between leaves ids that are known to be gone."""
        gone: LetGo = self._issues.let_go(project, places, self._now(), may_end_issues=may_end_issues)
        self._delete(project, gone.ids)
        return Gone(gone.events, gone.issues, len(gone.ids))

    def _delete(self, project: int, ids: Sequence[str]) -> None:
        """Bytes first: what tells of them goes last, so that a crash leaves none that nobody knows of."""
        if ids:
            for file in self._events.attachments_of(project, ids):
                self._blobs.delete(file.blob)
            self._events.delete_events(project, ids)
