"""What the stores should hold by now, worked out from what each call of theirs was given; and whether its answer was
right."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from amber.model import KNOWN_AFTER, Applied, Batch, EventPlace, GroupedEvent, Issue, LetGo
from amber.testing.stores import ReferenceIssues

Identity = tuple[int, str]
"""The project and the id of an event."""
FACTS = {"resolved": "issue.resolved", "ignored": "issue.ignored", "unresolved": "issue.reopened"}
PLAIN = ("first_seen", "last_seen", "first_release", "last_release", "status", "regressed_at", "count")


def identity(grouped: GroupedEvent) -> Identity:
    """What an event is known by."""
    return grouped.event.project, grouped.event.id


class StoreModel:
    """`kept` are the events that are there, `owner` the keys they were counted under, `gone` those that were let go."""

    def __init__(self, projects: Sequence[int]) -> None:
        self.issues = {project: ReferenceIssues() for project in projects}
        self.facts: dict[int, Counter[str]] = {project: Counter() for project in projects}
        self.kept: dict[Identity, GroupedEvent] = {}
        self.owner: dict[Identity, str] = {}
        self.gone: set[Identity] = set()
        self.marks: set[tuple[str, int]] = set()

    @property
    def is_settled(self) -> bool:
        """Whether all that is there was counted, and nothing of it let go."""
        return all(one in self.owner and one not in self.gone for one in self.kept)

    def live(self, project: int, key: str) -> set[str]:
        """The events an issue counts and has not let go."""
        mine = {one for one, owner in self.owner.items() if one[0] == project and owner == key}
        return {id for _, id in mine - self.gone}

    # --- what the stores tell -----------------------------------------------------------------------------------------

    def write_events(self, known: frozenset[Identity], events: Sequence[GroupedEvent]) -> None:
        """Of events with one id the first is kept."""
        assert known == self.kept.keys() & {identity(one) for one in events}
        for one in events:
            self.kept.setdefault(identity(one), one)

    def delete_events(self, _: None, project: int, ids: Sequence[str]) -> None:
        """They are there no more."""
        for id in ids:
            self.kept.pop((project, id), None)

    def apply(self, applied: Applied, batch: Batch) -> None:
        """Each event counts once; a batch is applied once."""
        assert not self.marks & set(batch.marks), "applied twice"
        self.marks |= set(batch.marks)
        for project, issues in self.issues.items():
            self._count(issues, [one for one in batch.events if one.event.project == project], project)
            issues.apply(Batch(events=tuple(one for one in batch.events if one.event.project == project)))
            issues.apply(Batch(outcomes=tuple(one for one in batch.outcomes if one.project == project)))
        repeated = [identity(one) for one in batch.events if identity(one) in self.gone]
        assert Counter(applied.gone) == Counter(set(repeated)) or Counter(applied.gone) == Counter(repeated)
        assert applied.stored + applied.repeated == len(batch.events)

    def _count(self, issues: ReferenceIssues, events: Sequence[GroupedEvent], project: int) -> None:
        fresh: dict[str, list[GroupedEvent]] = {}
        for one in events:
            if identity(one) not in self.owner and identity(one) not in self.gone:
                self.owner[identity(one)] = one.grouping.key
                fresh.setdefault(one.grouping.key, []).append(one)
        self.facts[project]["issue.created"] += len(fresh.keys() - issues.issues.keys())
        regressed = [key for key in fresh if issues.issues.get(key, {}).get("status") == "resolved"]
        self.facts[project]["issue.regressed"] += len(regressed)
        self.facts[project]["events.stored"] += bool(fresh)

    def let_go(
        self, answer: LetGo, project: int, places: Sequence[EventPlace], at: float, *, may_end_issues: bool
    ) -> None:
        """What may go goes, and the newest event of an issue only where the issue may end with it."""
        gone = {place.event_id for place in places if (project, place.event_id) in self.gone}
        counted: dict[str, list[str]] = {}
        for place in places:
            one = project, place.event_id
            if one in self.owner and one not in self.gone:
                assert self.owner[one] == place.key, "an event stands under another issue than counts it"
                counted.setdefault(place.key, []).append(place.event_id)
            elif one not in self.gone and place.received_at < at - KNOWN_AFTER:
                gone.add(place.event_id)  # it stood there for a day, and nobody counted it
                self.issues[project].seen.add(place.event_id)
        ended = [key for key, ids in counted.items() if self._may_end(project, key, ids, may_end_issues)]
        pruned = {key: self._pruned(project, key, ids, key in ended) for key, ids in counted.items()}
        every = gone.union(*pruned.values())
        assert (set(answer.ids), len(answer.ids)) == (every, len(every))
        assert (answer.events, answer.issues) == (sum(map(len, pruned.values())), len(ended))
        self.gone |= {(project, id) for id in every}

    def _may_end(self, project: int, key: str, ids: Sequence[str], may_end_issues: bool) -> bool:
        issue = self.issues[project].issues[key]
        is_somebodys = issue.get("assignee", "") or issue["status"] == "ignored"
        return may_end_issues and not is_somebodys and set(ids) == self.live(project, key)

    def _pruned(self, project: int, key: str, ids: list[str], is_ended: bool) -> list[str]:
        """Which of an issue's events go; what that leaves of the issue."""
        issues = self.issues[project].issues
        if is_ended:
            del issues[key]
            return ids
        going = ids[:-1] if set(ids) == self.live(project, key) else ids
        issues[key]["pruned"] = issues[key].get("pruned", 0) + len(going)
        return going

    def forget_events(self, _: None, project: int, ids: Sequence[str]) -> None:
        """An id that was let go is new again, unless its event was written again meanwhile."""
        for id in ids:
            if (project, id) in self.gone and (project, id) not in self.kept:
                self.gone.discard((project, id))
                self.owner.pop((project, id), None)
                self.issues[project].seen.discard(id)

    def changed(self, project: int, key: str, status: str | None, assignee: str | None) -> None:
        """Somebody decided; what changed is told."""
        known = self.issues[project].issues[key]
        if status is not None and known["status"] != status:
            known["status"] = status
            self.facts[project][FACTS[status]] += 1
        if assignee is not None and known.get("assignee", "") != assignee:
            known["assignee"] = assignee
            self.facts[project]["issue.assigned"] += 1

    # --- what should be seen ------------------------------------------------------------------------------------------

    def states(self, project: int) -> dict[str, dict[str, Any]]:
        """Each issue of a project by its key, as `state_of` has it."""
        return {
            key: {name: issue[name] for name in PLAIN}
            | {"users": len(issue["people"]), "pruned": issue.get("pruned", 0), "assignee": issue.get("assignee", "")}
            for key, issue in self.issues[project].issues.items()
        }


def state_of(issue: Issue) -> dict[str, Any]:
    """What is compared of an issue."""
    return {name: getattr(issue, name) for name in (*PLAIN, "users", "pruned", "assignee")}
