"""Whether what was promised was kept: the stores, the bus and what the clients were told, held against each other."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Engine, create_engine, text

from amber.bus import DEAD, FACTS, ITEMS, Message, Stream
from amber.bus.connect import NatsBus
from amber.config import BusConfig
from amber.model import ACCEPTED, Fact, OutcomeCount, is_end
from amber.testing.accounts import unbalanced
from amber.testing.audit import discrepancies

from .load import Load

PAGE, LOOKS = 500, 20
EXTREMES = """
    SELECT i.id, i.first_seen, i.last_seen, min(e.timestamp), max(e.timestamp) FROM issues i
    JOIN issue_keys k ON k.issue = i.id JOIN groupings g ON g.project = k.project AND g.key = k.key
    JOIN events e ON e.grouping = g.id GROUP BY i.id, i.first_seen, i.last_seen"""


class Found(Struct):
    """What is there once everything has been digested."""

    stored: list[str]
    issues: dict[str, int]
    extremes: list[Sequence[Any]]
    outcomes: list[OutcomeCount]
    discrepancies: list[str]
    created: dict[str, set[str]]
    """Of each issue, the ids of the facts that tell of its making."""
    dead: int

    def total(self, outcome: str, reason: str | None = None) -> int:
        """How many items met an outcome."""
        return sum(one.quantity for one in self.outcomes if one.outcome == outcome and reason in (None, one.reason))


async def _all(bus: NatsBus, stream: Stream) -> list[Message]:
    found: list[Message] = []
    while page := await bus.browse(stream, found[-1].seq if found else 0, PAGE):
        found += page
    return found


def is_settled(database: str, config: BusConfig) -> bool:
    """Whether nothing waits any more: no item on the bus, no fact in the outbox."""

    async def waiting() -> int:
        bus = await NatsBus(config).connect()
        try:
            # not whether the stream is empty: where a disk was full, items that were done with may be left in it
            return sum(one.waiting + one.in_hand for one in await bus.standings() if one.stream == ITEMS.name)
        finally:
            await bus.close()

    engine = create_engine(database)
    with engine.connect() as connection:
        facts = connection.execute(text("SELECT count(*) FROM outbox")).scalar_one()
    engine.dispose()
    return not facts and not asyncio.run(waiting())


def settled(database: str, config: BusConfig, keep: Callable[[], None] = lambda: None) -> Callable[[], bool]:
    """Asks whether nothing has been on its way for several looks: edges tell once a second what they refused."""
    quiet = 0

    def is_quiet() -> bool:
        nonlocal quiet
        keep()
        quiet = quiet + 1 if is_settled(database, config) else 0
        return quiet >= LOOKS

    return is_quiet


def look(database: str, config: BusConfig) -> Found:
    """Everything there is."""

    async def streams() -> tuple[list[Message], list[Message]]:
        bus = await NatsBus(config).connect()
        try:
            return await _all(bus, FACTS), await _all(bus, DEAD)
        finally:
            await bus.close()

    facts, dead = asyncio.run(streams())
    created: dict[str, set[str]] = {}
    for fact in (msgspec.json.decode(message.data, type=Fact) for message in facts):
        if fact.type == "issue.created":
            created.setdefault(fact.data["issue_id"], set()).add(fact.id)
    engine = create_engine(database)
    try:
        return _read(engine, created, len(dead))
    finally:
        engine.dispose()


def _read(engine: Engine, created: dict[str, set[str]], dead: int) -> Found:
    wrong = discrepancies(engine)
    with engine.connect() as connection:
        events = connection.execute(text("SELECT event_id FROM events")).scalars()
        issues = connection.execute(text("SELECT id, count FROM issues"))
        extremes = connection.execute(text(EXTREMES))
        outcomes = connection.execute(text("SELECT project, category, outcome, reason, quantity, hour FROM outcomes"))
        return Found(
            [bytes(one).hex() for one in events],
            {str(number): count for number, count in issues},
            list(extremes),
            [OutcomeCount(*row) for row in outcomes],
            wrong,
            created,
            dead,
        )


def problems(found: Found, load: Load) -> list[str]:
    """Every promise that was broken, a sentence each."""
    return [*_events(found, load), *_counts(found, load), *_issues(found), *found.discrepancies]


def _events(found: Found, load: Load) -> list[str]:
    stored = Counter(found.stored)
    lost = [event_id for event_id in load.accepted if event_id not in stored]
    twice = [event_id for event_id, times in stored.items() if times > 1]
    strange = [event_id for event_id in stored if event_id not in load.sent]
    return [
        f"{len(ids)} events {what}, such as {ids[0]}"
        for what, ids in (
            ("were answered 200 and are lost", lost),
            ("are there twice", twice),
            ("nobody sent", strange),
        )
        if ids
    ]


def _counts(found: Found, load: Load) -> list[str]:
    """The sum law, and of each kind no fewer than were promised and no more than were tried."""
    wrong = unbalanced(found.outcomes)
    ends = sum(one.quantity for one in found.outcomes if is_end(one.outcome, one.reason))
    if ends != found.total(ACCEPTED):
        wrong.append(f"{found.total(ACCEPTED)} were accepted, {ends} accounted for")
    if found.total("stored") != len(found.stored):
        wrong.append(f"{found.total('stored')} are counted as stored, {len(found.stored)} are there")
    if found.dead or found.total("dead"):
        wrong.append(f"{found.dead} dead letters, {found.total('dead')} counted, though nothing was wrong with them")
    for kind, (outcome, reason) in KINDS.items():
        least, most, counted = load.promised[kind], load.tried[kind], found.total(outcome, reason)
        if not least <= counted <= most:
            wrong.append(f"{counted} counted as {outcome} ({reason}), but {least} were promised and {most} tried")
    return wrong


KINDS = {"repeat": ("filtered", "duplicate"), "unhandled": ("unhandled", None), "invalid": ("invalid", None)}


def _issues(found: Found) -> list[str]:
    wrong = [
        f"issue {number}: {len(found.created.get(number, ()))} facts tell that it was made"
        for number in found.issues
        if len(found.created.get(number, ())) != 1
    ]
    wrong += [
        f"a fact tells of issue {number}, which is not there" for number in found.created if number not in found.issues
    ]
    wrong += [
        f"issue {row[0]} was seen {row[1:3]}, its events happened {row[3:5]}"
        for row in found.extremes
        if row[1:3] != row[3:5]
    ]
    return wrong


def table(found: Found, load: Load) -> str:
    """The counts, for people."""
    rows = [
        ("sent", sum(load.tried.values())),
        ("answered 200", sum(load.promised.values())),
        *(
            (f"answered {status or 'nothing'}", number)
            for status, number in sorted(load.statuses.items())
            if status != 200
        ),
        *((what, found.total(what)) for what in (ACCEPTED, "stored", "filtered", "invalid", "unhandled", "dead")),
        ("events", len(found.stored)),
        ("issues", len(found.issues)),
    ]
    return "\n".join(f"{what:>16}  {number:>8}" for what, number in rows)
