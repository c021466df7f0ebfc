"""The desk of dead letters, on the real NATS and on its twin in memory."""

import gzip
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from amber.bus import DEAD, FACTS, ITEMS, TASKS, Bus, Message
from amber.bus.connect import NatsBus
from amber.delivering.delivery import DeadLetters
from amber.delivering.tasks import Task
from amber.desks.deadletters import LetterDesk, Parts, forget_delivery
from amber.errors import Reject, Unavailable
from amber.metrics import Metrics
from amber.model import AuditEntry, Fact, Letter, LetterFilter, Project, Submission
from amber.poison.letters import RETRIED, mark_of
from amber.testing.memorybus import MemoryBus
from amber.testing.nats import NatsServer
from amber.testing.targets import news
from amber.wire import frames

pytestmark = pytest.mark.anyio
NOON = 1_700_000_000.0
AUDIT = AuditEntry(1, "user:1", "letter.retry", "", NOON)
ALL = LetterFilter(seen=None)


class Shelf:
    """The parts of the stores that the desk needs: projects 1 and 2 of organisation 1, 7 of organisation 3."""

    def __init__(self) -> None:
        self.audits: list[AuditEntry] = []
        self.kept: dict[str, bytes] = {}

    def project(self, ref: str, organisation: int | None = None) -> Project | None:
        home = {"1": 1, "2": 1, "7": 3}.get(ref)
        return Project(int(ref), home, ref, ref, "python", NOON) if home else None

    def note_change(self, audit: AuditEntry) -> None:
        self.audits.append(audit)

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def put(self, key: str, data: bytes) -> None:
        self.kept[key] = data

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


class Yard:
    """A bus with a desk, and letters on it."""

    def __init__(self, bus: Bus) -> None:
        self.bus, self.shelf, self._seq = bus, Shelf(), 0
        shelf: Any = self.shelf
        self.desk = LetterDesk(Parts(lambda: bus, lambda: shelf, lambda: shelf))
        self.writer = DeadLetters(bus, Metrics())

    async def dies(self, project: int = 1, plugin: str = "sentry", reason: str = "it broke", **about: Any) -> None:
        """A submission dies."""
        self._seq += 1
        meta = {"categories": ["error"], "event_id": f"{self._seq:032x}", "client": "sentry.python/2.0"}
        made = Submission(f"s{self._seq}", "sentry", "envelope", project, NOON, meta=meta, **about)
        await self.fails(ITEMS.name, plugin, frames.encode([made]), "amber.v1.item.3", reason)

    async def fails(self, stream: str, plugin: str, data: bytes, subject: str, reason: str = "it broke") -> None:
        self._seq += 1
        await self.writer.add(stream, plugin, reason, Message(f"{stream}@1", self._seq, subject, data, delivered=8))

    async def letters(self, wanted: LetterFilter = ALL, **given: Any) -> list[Letter]:
        return list((await self.desk.page(wanted, **given)).page.items)

    async def numbers(self, wanted: LetterFilter = ALL, **given: Any) -> list[int]:
        return [letter.id for letter in await self.letters(wanted, **given)]


@pytest.fixture(params=["nats", "memory"])
async def yard(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[Yard]:
    bus: Bus = MemoryBus()
    if request.param == "nats":
        server: NatsServer = request.getfixturevalue("nats_server")
        bus = await NatsBus(server.config).connect()
    yield Yard(bus)
    await bus.close()


async def test_letters_are_listed_page_by_page_from_both_ends(yard: Yard) -> None:
    for _ in range(5):
        await yard.dies()
    for oldest_first, wanted in ((False, [[5, 4], [3, 2], [1]]), (True, [[1, 2], [3, 4], [5]])):
        pages, cursor = [], ""
        for _ in wanted:
            found = await yard.desk.page(ALL, cursor, 2, oldest_first)
            pages.append([letter.id for letter in found.page.items])
            assert (found.total, found.newest) == (5, 5)
            cursor = found.page.next or ""
        assert (pages, cursor) == (wanted, "")
    assert [letter.id for letter in (await yard.desk.page(ALL, "", 5)).page.items] == [5, 4, 3, 2, 1]


async def test_a_list_finds_its_letters_beyond_long_gaps(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amber.desks.deadletters.WINDOW", 2)
    for number in range(12):
        await yard.dies(plugin="old" if number < 2 else "new")
    assert await yard.numbers(LetterFilter(None, "old"), limit=1) == [2]
    assert await yard.numbers(LetterFilter(None, "old"), cursor="2") == [1]


async def test_a_letter_says_what_it_is(yard: Yard) -> None:
    await yard.dies(7, "tiny", "ValueError: no\nsuch thing")
    [letter] = await yard.letters()
    assert (letter.plugin, letter.stream, letter.reason) == ("tiny", "ITEMS", "ValueError: no such thing")
    assert (letter.project, letter.items, letter.client) == (7, ("error",), "sentry.python/2.0")
    assert (letter.delivered, letter.received_at, letter.retries) == (8, NOON, 0)
    assert letter.at == letter.first_at > NOON


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (LetterFilter(None), [4, 3, 2, 1]),
        (LetterFilter(None, plugin="tiny"), [3, 2]),
        (LetterFilter(None, stream="FACTS"), [4]),
        (LetterFilter(None, project=2), [3]),
        (LetterFilter(None, text="OUT of"), [2]),
        (LetterFilter(None, until=2), [2, 1]),
        (LetterFilter(None, plugin="tiny", project=1, text="memory"), [2]),
        (LetterFilter(None, plugin="tiny.>"), []),
        (LetterFilter(None, stream="*"), []),
        (LetterFilter(frozenset({2, 9})), [3]),
        (LetterFilter(frozenset({1, 2}), plugin="tiny"), [3, 2]),
        (LetterFilter(frozenset({1}), project=2), []),
        (LetterFilter(frozenset()), []),
        (LetterFilter(), []),
    ],
)
async def test_letters_are_chosen_by_what_they_say(yard: Yard, wanted: LetterFilter, found: list[int]) -> None:
    await yard.dies(1, "sentry")
    await yard.dies(1, "tiny", "out of memory")
    await yard.dies(2, "tiny")
    await yard.fails(FACTS.name, "alerts", b"no fact", "amber.v1.fact.issue.created.1")
    assert await yard.numbers(wanted) == found
    assert (await yard.desk.page(wanted, limit=1)).total == len(found)


async def test_a_cursor_of_no_list_is_refused(yard: Yard) -> None:
    for cursor in ("x", "-1", "²", "9" * 30):
        with pytest.raises(Reject, match="cursor"):
            await yard.desk.page(ALL, cursor)


async def test_what_somebody_may_not_see_does_not_exist(yard: Yard) -> None:
    await yard.dies(1)
    await yard.fails(ITEMS.name, "sentry", b"broken", "amber.v1.item.3")
    for number, seen in ((1, frozenset({2})), (2, frozenset({1, 2})), (9, None), (0, None), (-1, None)):
        for deed in (yard.desk.open, yard.desk.retry, yard.desk.drop):
            given: Any = number if deed == yard.desk.open else [number]
            with pytest.raises(Reject, match="no dead letter") as caught:
                await deed(given, seen, AUDIT)
            assert caught.value.status == 404
    assert await yard.numbers() == [2, 1]
    assert yard.shelf.audits == []


async def test_a_retry_hands_the_original_back_and_forgets_the_letter(yard: Yard) -> None:
    await yard.dies(7)
    whole = (await yard.bus.browse(DEAD, 0, 1))[0]
    assert await yard.desk.retry([1], None, AUDIT) == 1
    [back] = await yard.bus.browse(ITEMS, 0, 9)
    assert (back.subject, back.data) == ("amber.v1.item.3", whole.data)
    assert mark_of(back) == (whole.stream, 1)
    assert await yard.numbers() == []
    [audit] = yard.shelf.audits
    assert (audit.organisation, audit.action, audit.subject) == (3, "letter.retry", "dead-letter:1")
    assert audit.after == {"plugin": "sentry", "event": "1".zfill(32), "reason": "it broke"}


async def test_what_dies_again_tells_of_its_first_death(yard: Yard) -> None:
    await yard.dies()
    [first] = await yard.letters()
    await yard.desk.retry([1], None, AUDIT)
    [back] = await yard.bus.browse(ITEMS, 0, 9)
    await yard.writer.add(ITEMS.name, "sentry", "still broken", back)
    [second] = await yard.letters()
    assert (second.id, second.retries, second.first_at) == (2, 1, pytest.approx(first.at))
    await yard.desk.retry([2], None, AUDIT)
    assert [mark_of(one)[1] for one in await yard.bus.browse(ITEMS, 0, 9)] == [1, 2]


async def test_a_crash_between_publish_and_removal_leaves_one_letter_and_one_mark(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await yard.dies()

    async def dies(*_: object) -> bool:
        raise Unavailable("gone")

    with monkeypatch.context() as crash:
        crash.setattr(yard.bus, "delete", dies)
        with pytest.raises(Unavailable):
            await yard.desk.retry([1], None, AUDIT)
    assert await yard.numbers() == [1]
    await yard.desk.retry([1], None, AUDIT)
    assert await yard.numbers() == []
    assert len({mark_of(one) for one in await yard.bus.browse(ITEMS, 0, 9)}) == 1
    assert len(await yard.bus.browse(ITEMS, 0, 9)) == 1


async def test_a_retry_that_cannot_be_published_keeps_the_letter(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    await yard.dies()

    async def full(*_: object) -> None:
        raise Unavailable("full")

    monkeypatch.setattr(yard.bus, "publish", full)
    with pytest.raises(Unavailable):
        await yard.desk.retry([1], None, AUDIT)
    assert await yard.numbers() == [1]


async def test_a_fact_goes_back_to_the_plugin_that_failed_on_it_alone(yard: Yard) -> None:
    fact = msgspec.json.encode(Fact("f1", "issue.created", 1, NOON, {}))
    await yard.fails(FACTS.name, "alerts", fact, "amber.v1.fact.issue.created.1")
    await yard.desk.retry([1], None, AUDIT)
    [back] = await yard.bus.browse(TASKS, 0, 9)
    assert (back.subject, back.data) == ("amber.v1.task.alerts.fact", fact)
    assert await yard.bus.browse(FACTS, 0, 9) == []


async def test_a_letter_that_names_no_home_can_only_be_dropped(yard: Yard) -> None:
    await yard.bus.publish("amber.v1.dead.ITEMS.sentry", b"?")
    with pytest.raises(Reject, match="only be dropped"):
        await yard.desk.retry([1], None, AUDIT)
    assert await yard.desk.drop([1], None, AUDIT) == 1
    assert await yard.numbers() == []


async def test_a_dropped_letter_takes_its_large_body_along_and_a_retried_one_does_not(yard: Yard) -> None:
    yard.shelf.kept = {"a": b"large", "b": b"large too"}
    await yard.dies(blob="a")
    await yard.dies(blob="b")
    await yard.desk.retry([1], None, AUDIT)
    await yard.desk.drop([2], None, AUDIT)
    assert yard.shelf.kept == {"a": b"large"}


async def test_many_are_handed_back_by_what_they_say_up_to_a_limit(yard: Yard) -> None:
    for number in range(12):
        await yard.dies(7 if number % 2 else 1, "tiny", f"reason {number}")
    await yard.dies(1, "sentry")
    swept = await yard.desk.retry_all(LetterFilter(None, "tiny"), 10, AUDIT)
    assert (swept.done, swept.left) == (10, 2)
    assert await yard.numbers() == [13, 12, 11]
    assert {(one.organisation, one.after["letters"], one.after["from"]) for one in yard.shelf.audits} == {
        (1, 5, 1),
        (3, 5, 2),
    }
    swept = await yard.desk.drop_all(LetterFilter(frozenset({1, 7}), until=12), 10, AUDIT)
    assert (swept.done, swept.left) == (2, 0)
    assert await yard.numbers() == [13]
    assert (await yard.desk.drop_all(LetterFilter(None, "nobody"), 10, AUDIT)).done == 0


async def test_a_letter_somebody_else_took_meanwhile_is_not_counted(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await yard.dies()
    await yard.dies()

    act = yard.desk._act

    async def late(number: int, deed: Any) -> bool:
        await yard.bus.delete(DEAD, 1)
        return await act(number, deed)

    monkeypatch.setattr(yard.desk, "_act", late)
    assert await yard.desk.drop([1, 2], None, AUDIT) == 1
    assert await yard.numbers() == []


async def test_an_original_is_shown_as_the_client_sent_it(yard: Yard) -> None:
    yard.shelf.kept = {"big": b'{"message": "from the blob store"}'}
    await yard.dies(encoding="gzip", body=gzip.compress(b'{"message": "hello"}'))
    await yard.dies(blob="big")
    await yard.dies(blob="gone")
    await yard.dies(encoding="br", body=b"\x00\xff")
    await yard.dies(encoding="gzip", body=b"not gzip")
    await yard.dies(body=b"x" * (1 << 20) + b"y")
    await yard.dies(body=b"x" * ((1 << 20) - 1) + "ü".encode())
    *bodies, halved = [(await yard.desk.open(number, None, AUDIT)).contents[0] for number in range(1, 8)]
    assert (len(halved.body), halved.is_cut) == ((1 << 20) - 1, True)
    assert [one.body[:40] for one in bodies] == [
        '{"message": "hello"}', '{"message": "from the blob store"}', "", "", "", "x" * 40,
    ]  # fmt: skip
    assert (bodies[0].protocol, bodies[0].route, bodies[0].encoding) == ("sentry", "envelope", "gzip")
    assert "gone is not in the blob store" in bodies[2].note
    assert (bodies[3].raw, bodies[4].raw) == (b"\x00\xff", b"not gzip")
    assert (bodies[5].is_cut, len(bodies[5].body), bodies[5].size) == (True, 1 << 20, (1 << 20) + 1)
    assert [one.subject for one in yard.shelf.audits] == [f"dead-letter:{number}" for number in range(1, 8)]


async def test_what_is_no_frame_is_shown_as_it_is(yard: Yard) -> None:
    await yard.fails(FACTS.name, "alerts", b'{"type": "issue.created"}', "amber.v1.fact.issue.created.1")
    await yard.fails(ITEMS.name, "sentry", b"AMB1\xff", "amber.v1.item.3")
    fact, broken = [(await yard.desk.open(number, None, AUDIT)).contents[0] for number in (1, 2)]
    assert (fact.body, fact.raw) == ('{"type": "issue.created"}', b"")
    assert (broken.body, broken.raw) == ("", b"AMB1\xff")
    assert "broken frame" in broken.note


async def test_a_delivery_that_is_queued_anew_leaves_no_letter(yard: Yard) -> None:
    for target, told in ((3, "n1"), (3, "n2"), (4, "n1")):
        task = msgspec.json.encode(Task(target, news(told)))
        await yard.fails(TASKS.name, "webhook", task, "amber.v1.task.webhook.deliver")
    await forget_delivery(yard.bus, "webhook", 3, "n1")
    assert [letter.key for letter in await yard.letters()] == ["4 n1", "3 n2"]
    await forget_delivery(yard.bus, "web.hook", 3, "n2")
    assert len(await yard.letters()) == 2


async def test_a_retried_delivery_goes_back_to_its_queue(yard: Yard) -> None:
    task = msgspec.json.encode(Task(3, news("n1")))
    await yard.fails(TASKS.name, "webhook", task, "amber.v1.task.webhook.deliver")
    await yard.desk.retry([1], None, AUDIT)
    [back] = await yard.bus.browse(TASKS, 0, 9)
    assert (back.subject, back.data, RETRIED in back.headers) == ("amber.v1.task.webhook.deliver", task, True)


async def test_a_process_without_a_bus_says_so() -> None:
    shelf: Any = Shelf()
    desk = LetterDesk(Parts(lambda: None, lambda: shelf, lambda: shelf))
    with pytest.raises(Unavailable, match="no bus"):
        await desk.page(ALL)
