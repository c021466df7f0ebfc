"""What was sent in a stretch of time and what became of it, added up for a page. Pure: the store is asked elsewhere."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from amber.model import ACCEPTED, DISCARDED, Account, OutcomeCount, account_of

ENDS: Mapping[str, str] = {
    "stored": "stored",
    "filtered": "filtered",
    "unhandled": "unhandled",
    "invalid": "invalid",
    "rate_limited": "rate limited",
    "over_quota": "over quota",
    "dead": "dead",
}
"""Where an item can end or be refused, in the order in which pages tell of it."""
REASONS: Mapping[str, str] = {
    "duplicate": "sent before",
    "held": "kept for a plugin to come",
    "undecoded": "not found again when decoded",
    "key_limit": "limit of its key",
    "project_limit": "limit of the project",
    "project_cap": "cap of the project",
    "ratelimit_backoff": "held back, as a limit told it to",
    "sample_rate": "left out by its sample rate",
    "before_send": "dropped by before_send",
    "event_processor": "dropped by an event processor",
    "network_error": "could not be sent",
    "queue_overflow": "its queue was full",
    "cache_overflow": "its cache was full",
    "http 400": "broken request",
    "http 413": "too large",
    "http 415": "unknown content type",
    "http 500": "could not be read",
    "http 503": "Amber could not keep it then",
}


class Line(Struct, frozen=True):
    """So many items of a category met this outcome for this reason."""

    category: str
    outcome: str
    reason: str
    quantity: int


class Usage(Struct, frozen=True):
    """A stretch of time: its account, the sums by outcome, and the lines they are made of, largest first."""

    account: Account
    ends: tuple[tuple[str, int], ...]
    lines: tuple[Line, ...]
    discarded: tuple[Line, ...]

    @property
    def pending(self) -> int:
        """Accepted, and on their way into the stores."""
        return max(0, self.account.accepted - self.account.ended)


def usage_of(counts: Sequence[OutcomeCount]) -> Usage:
    """All of it added up."""
    sums: Counter[tuple[str, str, str]] = Counter()
    ends: Counter[str] = Counter()
    for one in counts:
        sums[one.category, one.outcome, one.reason] += one.quantity
        ends[one.outcome] += one.quantity
    lines = [Line(*what, quantity) for what, quantity in sums.items() if quantity and what[1] != ACCEPTED]
    lines.sort(key=lambda one: (-one.quantity, one.category, one.outcome, one.reason))
    return Usage(
        account=account_of(counts),
        ends=tuple((end, ends[end]) for end in ENDS if ends[end] > 0),
        lines=tuple(one for one in lines if one.outcome != DISCARDED),
        discarded=tuple(one for one in lines if one.outcome == DISCARDED),
    )


def spans(counts: Iterable[OutcomeCount], since: int, until: int, step: int) -> list[Counter[str]]:
    """The sums by outcome of each span of `step` hours from hour `since`."""
    found: list[Counter[str]] = [Counter() for _ in range(-(-(until - since) // step))]
    for one in counts:
        if one.outcome in ENDS and since <= one.hour < until:
            found[(one.hour - since) // step][one.outcome] += one.quantity
    return found


def in_words(usage: Usage) -> str:
    """The sum law as a sentence's end: "9,900 stored, 204 filtered (sent before), 100 rate limited"."""
    told = [_told(end, quantity, usage.lines) for end, quantity in usage.ends]
    if usage.pending:
        told.append(f"{usage.pending:,} on their way")
    return ", ".join(told)


def _told(end: str, quantity: int, lines: Iterable[Line]) -> str:
    reasons = {one.reason for one in lines if one.outcome == end and one.reason}
    only = next(iter(reasons)) if len(reasons) == 1 and end == "filtered" else ""
    return f"{quantity:,} {ENDS[end]}{f' ({REASONS.get(only, only)})' if only else ''}"


def why(line: Line) -> str:
    """Why a line's items ended as they did, as people say it; a reason nobody has words for stays as it is."""
    if line.outcome == "unhandled":
        return f"no plugin takes “{line.reason}” yet"
    if line.outcome == "dead":
        return f"set aside: {line.reason}"
    return REASONS.get(line.reason, line.reason)
