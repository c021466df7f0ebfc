"""What the stores of issues and events promise together, whoever writes, lets go, decides or dies in whatever order.

Workers are the digest's own writing and retention its own pruning, on a real database; any of them may stand still
before any call of a store while others go on, and die there.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Engine

from amber.digesting.storing import Stores, write
from amber.errors import AlreadyApplied
from amber.model import Batch, GroupedEvent, Issue, IssueChange, IssueQuery, OutcomeCount
from amber.testing.audit import discrepancies
from amber.testing.stores import NOON, audit, event, facts_of, new_project
from amber_storage.retention.config import Limits
from amber_storage.retention.pace import Pace
from amber_storage.retention.pruning import Pruner
from amber_storage.sql.directory import SqlDirectory
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.issues import SqlIssueStore

from .storemodel import StoreModel, identity, state_of
from .turns import Actor, InTurns, begin

KEYS = ("alpha", "beta", "gamma")
HOUR = 3600.0


class Draft(Struct, frozen=True):
    """An event before it has a project; `at` is how many seconds after it was received it says it happened."""

    number: int
    key: str
    at: int
    release: str
    user: str


DRAFTS = st.lists(
    st.builds(
        Draft,
        number=st.integers(0, 11),  # few, so that many come again
        key=st.sampled_from(KEYS),
        at=st.sampled_from([-90_000, -4000, -1, 0, 0, 4000]),
        release=st.sampled_from(["", "1.0", "1.1"]),
        user=st.sampled_from(["", "ann", "bob"]),
    ),
    min_size=1,
    max_size=5,
)
LIMITS = st.builds(Limits, days=st.sampled_from([0, 1]), events=st.sampled_from([0, 1, 3]))


class StoreMachine(RuleBasedStateMachine):
    """Two projects; subclasses say on which engine."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = self.open_engine()
        directory = SqlDirectory(self.engine)
        self.projects = [new_project(directory).id for _ in range(2)]
        self.model = StoreModel(self.projects)
        self.issues, self.events = SqlIssueStore(self.engine), SqlEventStore(self.engine)
        self.now = NOON
        events, issues = InTurns(self.events, self.model), InTurns(self.issues, self.model)
        self.stores = Stores(events, issues, None, directory)
        roles = {"event_store": events, "issue_store": issues, "blob_store": None}
        self.pruner = Pruner(SimpleNamespace(role=roles.get, now=lambda: self.now), Pace(size=2, rest=0.0))
        self.actors: list[Actor] = []
        self.again: list[Batch] = []
        self.done: list[Batch] = []
        self.mark = 0

    def open_engine(self) -> Engine:
        """A database with the stores' tables."""
        raise NotImplementedError

    def close_engine(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @initialize()
    def nothing_was_told_yet(self) -> None:
        """The outbox is empty but for what making projects told."""
        self.issues.forget_facts([fact.id for fact in self.issues.pending_facts(100_000)])

    # --- who is at work -----------------------------------------------------------------------------------------------

    def _worker(self, batch: Batch) -> Callable[[], None]:
        def work() -> None:
            """What of a digest touches the stores."""
            if not self.stores.issues.applied(batch.marks):
                with suppress(AlreadyApplied):  # another one with the same batch was quicker
                    write(self.stores, batch, [])
            assert set(batch.marks) <= self.model.marks
            self.done.append(batch)

        return work

    def _pruning(self, project: int, limits: Limits) -> Callable[[], None]:
        def prune() -> None:
            for _ in self.pruner.prune(project, limits):
                pass

        return prune

    def _begin(self, job: Callable[[], None], batch: Batch | None = None, is_at_once: bool = False) -> None:
        self.actors.append(begin(job, batch))
        if is_at_once:
            self._finish(self.actors[-1])

    def _finish(self, actor: Actor) -> None:
        while not actor.is_done:
            actor.go_on()
        self.actors.remove(actor)

    def _batch(self, project: int, drafts: Sequence[Draft], lost: int) -> Batch:
        self.mark += 1
        self.now += 1
        outcome = OutcomeCount(project, "error", "client_discard", "queue", lost, int(self.now // HOUR))
        events = tuple(_event(draft, project, self.now) for draft in drafts)
        return Batch(((f"ITEMS@{self.projects[0]}", self.mark),), events, (outcome,) if lost else ())

    @rule(which=st.integers(0, 1), drafts=DRAFTS, lost=st.integers(0, 2), is_at_once=st.booleans())
    def receive(self, which: int, drafts: list[Draft], lost: int, is_at_once: bool) -> None:
        """A worker takes a batch on, alone or beside others."""
        batch = self._batch(self.projects[which], drafts, lost)
        is_alone = is_at_once and not self.actors
        self._begin(self._worker(batch), batch, is_at_once)
        if is_alone:
            ids = {identity(one) for one in batch.events}
            assert not ids & self.model.gone & self.model.kept.keys(), "written anew, gone, and still there"

    @precondition(lambda self: self.model.gone)
    @rule(data=st.data(), hours=st.sampled_from([1, 30]), calls=st.integers(0, 3))
    def send_again(self, data: st.DataObject, hours: int, calls: int) -> None:
        """An event that was let go is sent again, at once or when it is about to be forgotten; its worker stands still
        midway.
        """
        project, id = data.draw(st.sampled_from(sorted(self.model.gone)))
        self.wait(hours)
        batch = self._batch(project, [Draft(int(id, 16), "alpha", 0, "", "")], 0)
        self._begin(self._worker(batch), batch)
        for _ in range(calls):
            self.actors[-1].go_on()

    @rule(which=st.integers(0, 1), limits=LIMITS, is_at_once=st.booleans())
    def prune(self, which: int, limits: Limits, is_at_once: bool) -> None:
        """Retention goes through a project."""
        self._begin(self._pruning(self.projects[which], limits), is_at_once=is_at_once)

    @precondition(lambda self: self.actors)
    @rule(data=st.data(), calls=st.integers(1, 3))
    def go_on(self, data: st.DataObject, calls: int) -> None:
        """Somebody does their next calls."""
        actor = data.draw(st.sampled_from(self.actors))
        for _ in range(calls):
            if not actor.is_done:
                actor.go_on()
        if actor.is_done:
            self.actors.remove(actor)

    @precondition(lambda self: self.actors)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """Somebody dies; a worker's batch comes again."""
        actor = data.draw(st.sampled_from(self.actors))
        actor.die()
        self.actors.remove(actor)
        if actor.work is not None:
            self.again.append(actor.work)

    @precondition(lambda self: self.again)
    @rule(is_at_once=st.booleans())
    def come_again(self, is_at_once: bool) -> None:
        """What a dead worker had in hand is taken on by another."""
        batch = self.again.pop(0)
        self._begin(self._worker(batch), batch, is_at_once)

    @precondition(lambda self: any(actor.work for actor in self.actors))
    @rule(data=st.data())
    def come_twice(self, data: st.DataObject) -> None:
        """A worker is slow: another one gets the same batch meanwhile."""
        batch = data.draw(st.sampled_from([actor.work for actor in self.actors if actor.work]))
        self._begin(self._worker(batch), batch)

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """A batch was applied, and its acknowledgement lost."""
        self._begin(self._worker(data.draw(st.sampled_from(self.done))), is_at_once=True)

    @rule(hours=st.sampled_from([1, 30]))
    def wait(self, hours: int) -> None:
        """Time passes; nobody stands between two calls for hours."""
        while self.actors:
            self._finish(self.actors[0])
        self.now += hours * HOUR

    # --- what people do -----------------------------------------------------------------------------------------------

    @rule(
        which=st.integers(0, 1),
        keys=st.sets(st.sampled_from(KEYS), min_size=1),
        status=st.sampled_from(["resolved", "ignored", "unresolved", None]),
        assignee=st.sampled_from([None, "", "user:1"]),
    )
    def change(self, which: int, keys: set[str], status: Any, assignee: str | None) -> None:
        """Somebody decides; each issue that changed tells of it once."""
        project = self.projects[which]
        found = {key: issue for key in sorted(keys) if (issue := self.issues.find_issue(project, key))}
        assert set(found) == keys & set(self.model.issues[project].issues)
        self.issues.change_issues([one.id for one in found.values()], IssueChange(status, assignee), audit())
        for key in found:
            self.model.changed(project, key, status, assignee)

    @rule(limit=st.integers(1, 5))
    def publish(self, limit: int) -> None:
        """The relay has published some facts."""
        gone = self.issues.pending_facts(limit)
        self.issues.forget_facts([fact.id for fact in gone])
        for fact in gone:
            self.model.facts[fact.project][fact.type] -= 1

    # --- what must always be so ---------------------------------------------------------------------------------------

    def _key(self, issue: Issue) -> str:
        [key] = self.issues.issue_keys(issue.id)
        return key

    @invariant()
    def issues_are_as_the_model_says(self) -> None:
        """Counts, times, releases and what people decided; every outcome, and each change told once."""
        for project in self.projects:
            listed = self.issues.list_issues(IssueQuery((project,))).items
            assert {self._key(one): state_of(one) for one in listed} == self.model.states(project)
            assert list(self.issues.outcomes(project, 0, 10**6)) == self.model.issues[project].as_outcomes(project)
            assert Counter(fact.type for fact in facts_of(self.issues, project)) == +self.model.facts[project]

    @invariant()
    def counts_are_the_events(self) -> None:
        """Whenever nobody is at work, and nothing waits to be counted, all tables agree."""
        if self.actors or not self.model.is_settled:
            return
        assert self.discrepancies() == []
        for project in self.projects:
            for key in self.model.issues[project].issues:
                ids = {one.event_id for one in self.events.list_events(project, [key], limit=500).items}
                assert ids == self.model.live(project, key) != set()

    def discrepancies(self) -> list[str]:
        """Where the tables do not agree."""
        return discrepancies(self.engine)

    def teardown(self) -> None:
        """In the end everybody finishes, what waits comes again, and what was let go is gone."""
        try:
            self.wait(1)
            while self.again:
                self.come_again(is_at_once=True)
            for _ in range(2):
                self.now += 25 * HOUR
                for project in self.projects:
                    self._begin(self._pruning(project, Limits(0, 0)), is_at_once=True)
            assert self.model.is_settled
            self.issues_are_as_the_model_says()
            self.counts_are_the_events()
        finally:
            self.close_engine()


def _event(draft: Draft, project: int, now: float) -> GroupedEvent:
    user = {"user": {"username": draft.user}} if draft.user else {}
    made = event(project, draft.key, now, f"{draft.number:032x}", release=draft.release, **user)
    return replace(made, event=replace(made.event, timestamp=now + draft.at))
