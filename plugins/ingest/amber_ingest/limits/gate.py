"""Which items pass: every limit of a project held against every item of a request."""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from amber.model import Admission, Allowance, ItemNote, Limit, Limited, Project, Verdict, limits_of
from amber_ingest.limits.buckets import Buckets, Size
from amber_ingest.limits.known import Known

REMEMBERED = 10_000
"""Projects whose settings, and caps whose counts, are kept ready."""
ALL = Admission()


class Rule(Struct, frozen=True):
    """A limit as it holds for one key; a rate is a bucket of `size`. What has the same `name` counts together."""

    limit: Limit
    name: str
    project: int
    size: Size


class Gate:
    """Counts in memory what came, for one process."""

    def __init__(
        self, config: Callable[[Project], Any], configured: Callable[[Any], tuple[Limit, ...]], known: Known
    ) -> None:
        self._config, self._configured, self._known = config, configured, known
        self._read: dict[tuple[int, str], tuple[Mapping[str, Any], Any, tuple[Rule, ...]]] = {}
        self._buckets = Buckets()
        self._used: dict[str, tuple[int, int]] = {}
        self._in_force: dict[str, tuple[float, Rule, frozenset[str]]] = {}
        self._lock = threading.Lock()

    def admit(self, items: Sequence[ItemNote], key: str, project: Project, now: float) -> Admission:
        """Which items are refused, and what its client should know."""
        rules = self._rules(project, key)
        if not rules:
            return ALL
        with self._lock:
            refused: dict[int, Verdict] = {}
            hit: set[str] = set()
            for position, item in enumerate(items):
                mine = [rule for rule in rules if rule.limit.is_about(item.category)]
                if blocked := self._blocked(mine, item, now):
                    hit.add(blocked[1].name)
                    refused[position] = self._refuse(*blocked, item, now)
                else:
                    self._take(mine, item, now)
            told = tuple(self._still(rule, now) for rule in rules if rule.name not in hit and self._holds(rule, now))
            return Admission(refused, told, self._allowance(rules, items, now))

    def close(self) -> None:
        """Read no more counts."""
        self._known.close()

    def _rules(self, project: Project, key: str) -> tuple[Rule, ...]:
        """What holds for a key; found anew when the project's settings, or what holds without them, are read anew."""
        settings, config, rules = self._read.get((project.id, key), (None, None, ()))
        now = self._config(project)
        if settings is not project.settings or config is not now:
            limits = limits_of(project.settings, self._configured(now))
            rules = tuple(_rule(limit, key, project.id) for limit in limits if not limit.key or limit.key == key)
            if len(self._read) >= REMEMBERED:
                self._read.clear()
            self._read[project.id, key] = project.settings, now, rules
        return rules

    def _blocked(self, rules: Sequence[Rule], item: ItemNote, now: float) -> tuple[float, Rule] | None:
        """The limit that makes this item wait for longest, with the seconds; None where none does."""
        waits = [(self._wait(rule, item.quantity, now), rule) for rule in rules]
        longest = max(waits, key=lambda one: one[0], default=None)
        return longest if longest is not None and longest[0] > 0 else None

    def _wait(self, rule: Rule, quantity: int, now: float) -> float:
        limit = rule.limit
        if not limit.count:
            return float(limit.window)
        if limit.kind == "rate":
            return self._buckets.wait(rule.name, rule.size, quantity, now)
        is_over = self._count(rule, now) + min(quantity, limit.count) > limit.count
        return limit.window - now % limit.window if is_over else 0.0

    def _count(self, rule: Rule, now: float) -> int:
        """What came in the cap's window: as remembered here, or as the database knows, whichever is more."""
        window, used = self._used.get(rule.name, (0, 0))
        mine = used if window == int(now // rule.limit.window) else 0
        return max(mine, self._known.count(rule.project, rule.limit, now))

    def _take(self, rules: Sequence[Rule], item: ItemNote, now: float) -> None:
        for rule in rules:
            if rule.limit.kind == "rate":
                self._buckets.take(rule.name, rule.size, item.quantity, now)
            else:
                if len(self._used) >= REMEMBERED:
                    self._used.clear()  # the database knows
                self._used[rule.name] = int(now // rule.limit.window), self._count(rule, now) + item.quantity

    def _refuse(self, wait: float, rule: Rule, item: ItemNote, now: float) -> Verdict:
        """The verdict about an item; from now on its category is limited, whoever asks."""
        _, _, categories = self._in_force.get(rule.name, (0.0, rule, frozenset()))
        if len(self._in_force) >= REMEMBERED:
            self._in_force.clear()
        self._in_force[rule.name] = now + wait, rule, categories | {item.category}
        outcome: Literal["rate_limited", "over_quota"] = "over_quota" if rule.limit.kind == "cap" else "rate_limited"
        return Verdict(outcome, rule.limit.reason, wait, rule.limit.scope)

    def _holds(self, rule: Rule, now: float) -> bool:
        """Whether somebody ran into this limit and it is still in force."""
        until, _, _ = self._in_force.get(rule.name, (0.0, rule, frozenset()))
        if until and until <= now:
            del self._in_force[rule.name]
        return until > now

    def _still(self, rule: Rule, now: float) -> Limited:
        until, _, categories = self._in_force[rule.name]
        return Limited(tuple(sorted(categories)), until - now, rule.limit.scope, rule.limit.reason)

    def _allowance(self, rules: Sequence[Rule], items: Sequence[ItemNote], now: float) -> Allowance | None:
        """What is left of the limit that these items bring nearest to its end."""
        about = [rule for rule in rules if any(rule.limit.is_about(item.category) for item in items)]
        left = [self._left(rule, now) for rule in about]
        return min(left, key=lambda one: one.remaining, default=None)

    def _left(self, rule: Rule, now: float) -> Allowance:
        limit = rule.limit
        if limit.kind == "rate" and limit.count:
            remaining = math.floor(self._buckets.level(rule.name, rule.size, now) + 1e-9)
            return Allowance(rule.size.burst, remaining, self._wait(rule, 1, now))
        return Allowance(limit.count, max(0, limit.count - self._count(rule, now)), self._wait(rule, 1, now))


def _rule(limit: Limit, key: str, project: int) -> Rule:
    # a cap that is raised or lowered goes on counting where it stood
    what = repr(limit) if limit.kind == "rate" else f"{limit.window} {limit.categories}"
    name = f"{project} {key if limit.scope == 'key' else ''} {what}"
    return Rule(limit, name, project, Size(limit.burst or limit.count, limit.count / limit.window))
