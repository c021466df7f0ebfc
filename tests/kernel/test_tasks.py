import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta, Struct

from amber import Secret, hookimpl
from amber.bus import DEAD, TASKS, Message, task_subject
from amber.config import Settings, WorkerConfig
from amber.delivering.delivery import DeadLetters
from amber.delivering.sending import Sender, shorten
from amber.delivering.tasks import WIDTH, Task, TaskHandler, judge, open_tasks, queue_task
from amber.errors import AmberError, PluginError, Reject, Retry, Unavailable
from amber.metrics import Metrics
from amber.model import Notification, Receipt, Target
from amber.plugin.context import Services
from amber.plugin.dispatch import Dispatcher
from amber.registry import Registry
from amber.tables.vault import Vault, new_key
from amber.testing.memorybus import MemoryBus
from amber.testing.targets import TargetShelf, news, target

pytestmark = pytest.mark.anyio
ATTEMPTS = 3
Told = list[tuple[str, Any]]


class TargetConfig(Struct, frozen=True, forbid_unknown_fields=True):
    number: Annotated[str, Meta(description="Whom to page", max_length=9)]
    pin: Annotated[Secret, Meta(description="What proves who we are")] = Secret()


class Pager:
    """A plugin that delivers as a test tells it to, in the place of a process with all its parts."""

    def __init__(self, data: Path) -> None:
        self.registry = Registry(Settings(), {})
        self.dispatcher = Dispatcher(self.registry.manager, Metrics())
        self.shelf = TargetShelf(target(settings={"number": "112"}))
        self.vault = Vault([new_key()])
        services = Services(data)
        services.roles["directory"] = self.shelf
        self.sender = Sender(self.registry, self.dispatcher, services, lambda: self.vault)

    def answer(self, deliver: Callable[..., Any]) -> None:
        """Move a plugin in with this as its hook."""
        module = ModuleType("pager")
        module.deliver = hookimpl(deliver)  # type: ignore[attr-defined]
        module.TargetConfig = TargetConfig  # type: ignore[attr-defined]
        self.registry.add("pager", module)

    def fail(self, error: Exception) -> None:
        """A plugin that raises."""

        def deliver(target: TargetConfig) -> Receipt:
            raise error

        self.answer(deliver)

    async def try_once(self, number: int = 1, **given: Any) -> TaskHandler:
        """Hand it one task in its `number`-th delivery; raises the verdict."""
        handler = TaskHandler(self.sender, "pager", ATTEMPTS)
        await handler.deliver(message(number, **given))
        return handler


def message(number: int = 1, target: int = 1) -> Message:
    data = msgspec.json.encode(Task(target, news()))
    return Message("TASKS@1", 5, task_subject("pager", "deliver"), data, {}, number)


@pytest.fixture
def pager(tmp_path: Path) -> Iterator[Pager]:
    made = Pager(tmp_path)
    yield made
    made.dispatcher.close()


async def test_a_delivery_is_written_down_with_the_receivers_words(pager: Pager) -> None:
    told: Told = []

    def deliver(notification: Notification, target: TargetConfig) -> Receipt:
        told.append((notification.id, target))
        return Receipt("paged\n twice \x1b[31m")

    pager.answer(deliver)
    await pager.try_once(number=2)
    assert told == [("n1", TargetConfig("112"))]
    assert pager.shelf.outcomes() == [(2, "delivered", "paged twice [31m")]
    noted = pager.shelf.noted[0]
    assert (noted.target, noted.notification) == (1, news())
    assert noted.seconds >= 0


async def test_secrets_are_readable_to_the_plugin(pager: Pager) -> None:
    told: Told = []

    def deliver(target: TargetConfig) -> Receipt:
        told.append((target.pin, target))
        return Receipt()

    pager.answer(deliver)
    pager.shelf.kept[1] = target(settings={"number": "112", "pin": pager.vault.seal("1234")})
    await pager.try_once()
    assert told == [("1234", TargetConfig("112", Secret("1234")))]
    assert "1234" not in repr(told[0][1])


@pytest.mark.parametrize(
    "kept", [{}, {1: target(is_enabled=False)}, {1: target(plugin="other")}], ids=["gone", "off", "another's"]
)
async def test_a_target_that_is_no_more_gets_nothing_and_nobody_complains(
    pager: Pager, kept: dict[int, Target]
) -> None:
    pager.fail(AssertionError("was asked"))
    pager.shelf.kept = kept
    await pager.try_once()
    assert pager.shelf.noted == []


async def test_a_failure_is_written_down_and_tried_again(pager: Pager) -> None:
    pager.fail(Retry(reason="hooks.example.org: connection refused"))
    with pytest.raises(Retry) as verdict:
        await pager.try_once()
    assert verdict.value.after == 0.5
    assert pager.shelf.outcomes() == [(1, "failed", "hooks.example.org: connection refused")]


async def test_a_plugins_own_fault_is_told_without_the_kernels_words(pager: Pager) -> None:
    pager.fail(KeyError("blocks"))
    with pytest.raises(Retry):
        await pager.try_once()
    assert pager.shelf.outcomes() == [(1, "failed", "KeyError: 'blocks'")]


@pytest.mark.parametrize(
    ("error", "number", "words"),
    [
        (Retry(reason="500"), ATTEMPTS, "500 (try 3 of 3)"),
        (Retry(after=60, reason="429"), ATTEMPTS, "429 (try 3 of 3)"),
        (Reject("410 Gone"), 1, "410 Gone"),
        (Unavailable("down"), ATTEMPTS, "down (try 3 of 3)"),
    ],
)
async def test_what_was_given_up_is_dead_once_it_lies_among_the_dead_letters(
    pager: Pager, error: AmberError, number: int, words: str
) -> None:
    pager.fail(error)
    handler = TaskHandler(pager.sender, "pager", ATTEMPTS)
    given = message(number)
    [verdict] = await handler.handle([given])
    assert isinstance(verdict, Reject)
    assert pager.shelf.noted == []
    await handler.bury(given, verdict)
    assert [(one.number, one.outcome) for one in pager.shelf.noted] == [(number, "dead")]
    assert str(verdict) == words


async def test_settings_that_no_longer_fit_are_given_up_with_the_reason(pager: Pager) -> None:
    pager.fail(AssertionError("was asked"))
    pager.shelf.kept[1] = target(settings={"numbre": "112"})
    with pytest.raises(Reject) as verdict:
        await pager.try_once()
    words = "some fields cannot be used; numbre: there is no such field; number: is missing"
    assert str(verdict.value) == words


async def test_a_secret_nobody_can_open_is_given_up_with_the_reason(pager: Pager) -> None:
    pager.fail(AssertionError("was asked"))
    pager.shelf.kept[1] = target(settings={"number": "112", "pin": Vault([new_key()]).seal("1234")})
    with pytest.raises(Reject, match="a secret cannot be opened"):
        await pager.try_once()


async def test_an_answer_that_is_no_receipt_is_a_failure(pager: Pager) -> None:
    pager.answer(lambda target: "ok")
    with pytest.raises(Retry, match="TypeError: deliver answered something else than a Receipt"):
        await pager.try_once()


async def test_what_is_no_task_is_set_aside_without_a_line_in_any_log(pager: Pager) -> None:
    handler = TaskHandler(pager.sender, "pager", ATTEMPTS)
    bad = Message("TASKS@1", 5, task_subject("pager", "deliver"), b"{}", {}, 1)
    [verdict] = await handler.handle([bad])
    assert isinstance(verdict, Reject)
    await handler.bury(bad, verdict)
    assert pager.shelf.noted == []


@pytest.mark.parametrize("error", [Unavailable("the database is locked"), RuntimeError("a bug")])
async def test_a_log_that_cannot_be_written_does_not_send_anything_twice(
    pager: Pager, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    pager.answer(lambda target: Receipt("ok"))
    pager.shelf.failure = error
    with caplog.at_level(logging.ERROR):
        await pager.try_once()
    assert caplog.messages == [f"target 1: the delivery log lacks a try (delivered): {error}"]


@pytest.mark.parametrize(
    ("error", "number", "after"),
    [
        (Retry(), 1, 0.5),
        (Retry(after=60), 1, 60),
        (Retry(after=86_400), 1, 21_600),
        (Retry(after=0), 2, 1.0),
        (Retry(after="soon"), 2, 1.0),  # type: ignore[arg-type]  # plugins hand on a header as it came
        (PluginError("pager", "deliver", "late"), 2, 1.0),
        (Unavailable("no"), 1, 0.5),
    ],
)
def test_a_receiver_is_asked_again_when_it_says_and_no_sooner_than_the_back_off(
    error: AmberError, number: int, after: float
) -> None:
    verdict = judge(error, number, ATTEMPTS)
    assert isinstance(verdict, Retry)
    assert verdict.after == after


def test_words_without_end_are_cut() -> None:
    assert len(shorten("x" * 5000)) == 1000


class Served:
    """A plugin's deliveries running over a bus in memory."""

    def __init__(self, pager: Pager, bus: MemoryBus) -> None:
        self._pager, self._bus = pager, bus

    async def __aenter__(self) -> "Served":
        settings = WorkerConfig(attempts=2)
        dead = DeadLetters(self._bus, Metrics())
        self._deliveries = await open_tasks(self._bus, self._pager.sender, "pager", settings, dead)
        self._running = [asyncio.create_task(one.run()) for one in self._deliveries]
        return self

    async def __aexit__(self, *_: object) -> None:
        for one in self._deliveries:
            one.stop()
        await asyncio.gather(*self._running)


async def test_a_slow_target_holds_up_no_other(pager: Pager, bus: MemoryBus) -> None:
    release, told = asyncio.Event(), asyncio.Queue[str]()

    async def deliver(target: TargetConfig) -> Receipt:
        if target.number == "slow":
            await release.wait()
        told.put_nowait(target.number)
        return Receipt()

    pager.answer(deliver)
    pager.shelf.kept = {n: target(n, settings={"number": "slow" if n < WIDTH else f"fast{n}"}) for n in range(1, 20)}
    async with Served(pager, bus):
        for number in range(1, 20):
            await queue_task(bus, "pager", Task(number, news()))
        fast = [await told.get() for _ in range(WIDTH, 20)]
        assert fast == [f"fast{n}" for n in range(WIDTH, 20)]
        release.set()
        assert [await told.get() for _ in range(1, WIDTH)] == ["slow"] * (WIDTH - 1)
    assert len(pager.shelf.noted) == 19
    assert bus.stored(TASKS) == {}


async def test_a_receiver_that_keeps_failing_ends_among_the_dead_letters(pager: Pager, bus: MemoryBus) -> None:
    pager.fail(Retry(reason="500"))
    buried = asyncio.Event()

    async def hear(_: str, __: bytes) -> None:
        buried.set()

    await bus.listen(DEAD.subjects, hear)
    async with Served(pager, bus):
        await queue_task(bus, "pager", Task(1, news()))
        await buried.wait()
    [letter] = bus.stored(DEAD).values()
    assert letter.headers["Amber-Plugin"] == "pager"
    assert letter.headers["Amber-Error"] == "500 (try 2 of 2)"
    assert msgspec.json.decode(letter.data, type=Task) == Task(1, news())
    assert pager.shelf.outcomes() == [(1, "failed", "500"), (2, "dead", "500")]


async def test_the_same_news_for_the_same_target_is_queued_once(bus: MemoryBus) -> None:
    for number in (1, 1, 2):
        await queue_task(bus, "pager", Task(number, news()))
    await queue_task(bus, "pager", Task(1, news("n2")))
    assert [message.subject for message in bus.stored(TASKS).values()] == [task_subject("pager", "deliver")] * 3
