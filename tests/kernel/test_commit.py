import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amber.bus import ITEMS
from amber.errors import Reject, Unavailable
from amber.ingest.commit import CROWD, FRAME_BYTES, Committer
from amber.metrics import Metrics
from amber.model import Submission
from amber.testing.memorybus import MemoryBus
from amber.wire import frames

pytestmark = pytest.mark.anyio


def submission(id: str, project: int = 1, size: int = 10) -> Submission:
    return Submission(id, "p", "r", project, 0.0, body=bytes(size))


class SlowBus(MemoryBus):
    """Takes one message for each permit; a permit may be an error to raise instead."""

    def __init__(self) -> None:
        super().__init__()
        self.permits: asyncio.Queue[Exception | None] = asyncio.Queue()
        self.under_way, self.most = 0, 0

    async def publish(self, subject: str, data: bytes, id: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            error = await self.permits.get()
            if error is not None:
                raise error
            await super().publish(subject, data, id, headers)
        finally:
            self.under_way -= 1


async def sent(bus: MemoryBus) -> list[list[str]]:
    return [[one.id for one in frames.decode(message.data)] for message in await bus.browse(ITEMS, 0, 1000)]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_arrives_during_a_publish_shares_the_next_one() -> None:
    bus = SlowBus()
    committer = Committer(bus, 1, Metrics())
    commits = [asyncio.create_task(committer.commit(submission("a")))]
    await settle()
    commits += [asyncio.create_task(committer.commit(submission(id))) for id in "bcd"]
    await settle()
    assert not any(commit.done() for commit in commits)
    bus.permits.put_nowait(None)
    await commits[0]
    assert not any(commit.done() for commit in commits[1:])
    bus.permits.put_nowait(None)
    await asyncio.gather(*commits)
    assert await sent(bus) == [["a"], ["b", "c", "d"]]
    assert bus.most == 1


async def test_who_was_answered_in_a_crowd_and_sends_again_shares_a_frame_with_who_waited() -> None:
    bus = SlowBus()
    committer = Committer(bus, 1, Metrics())
    start = asyncio.create_task(committer.commit(submission("start")))
    await settle()
    crowd = [asyncio.create_task(committer.commit(submission(f"a{number}"))) for number in range(CROWD)]
    await settle()
    bus.permits.put_nowait(None)
    await start
    waiting = asyncio.create_task(committer.commit(submission("b")))
    await settle()
    bus.permits.put_nowait(None)
    await asyncio.gather(*crowd)
    again = asyncio.create_task(committer.commit(submission("c")))
    for _ in range(2):
        bus.permits.put_nowait(None)
    await asyncio.gather(waiting, again)
    assert (await sent(bus))[2:] == [["b", "c"]]


async def test_a_frame_is_closed_before_it_grows_too_large() -> None:
    bus = SlowBus()
    committer = Committer(bus, 1, Metrics())
    commits = [
        asyncio.create_task(committer.commit(submission(str(number), size=FRAME_BYTES // 3))) for number in range(5)
    ]
    commits.append(asyncio.create_task(committer.commit(submission("huge", size=2 * FRAME_BYTES))))
    for _ in range(6):
        bus.permits.put_nowait(None)
    await asyncio.gather(*commits)
    assert await sent(bus) == [["0", "1"], ["2", "3"], ["4"], ["huge"]]


async def test_each_partition_has_a_lane_of_its_own() -> None:
    bus = SlowBus()
    committer = Committer(bus, 2, Metrics())
    commits = [asyncio.create_task(committer.commit(submission(f"{number}", project=number))) for number in range(4)]
    await settle()
    assert bus.under_way == 2
    for _ in range(4):
        bus.permits.put_nowait(None)
    await asyncio.gather(*commits)
    subjects = {message.subject for message in await bus.browse(ITEMS, 0, 10)}
    assert subjects == {"amber.v1.item.0", "amber.v1.item.1"}


@pytest.mark.parametrize("error", [Unavailable("full"), RuntimeError("a fault of ours")])
async def test_who_shares_a_publish_that_fails_is_told_and_the_next_one_works(error: Exception) -> None:
    bus = SlowBus()
    committer = Committer(bus, 1, Metrics())
    lost = [asyncio.create_task(committer.commit(submission(id))) for id in "ab"]
    bus.permits.put_nowait(error)
    for commit in lost:
        with pytest.raises(Unavailable, match=str(error)):
            await commit
    bus.permits.put_nowait(None)
    await committer.commit(submission("c"))
    assert await sent(bus) == [["c"]]


async def test_a_client_that_goes_away_takes_nobody_with_it() -> None:
    bus = SlowBus()
    committer = Committer(bus, 1, Metrics())
    gone, there = (asyncio.create_task(committer.commit(submission(id))) for id in "ab")
    await settle()
    gone.cancel()
    bus.permits.put_nowait(None)
    bus.permits.put_nowait(None)
    await there
    await committer.drain()
    assert gone.cancelled()


async def test_without_a_connection_nothing_is_even_queued(bus: MemoryBus) -> None:
    committer = Committer(bus, 1, Metrics())
    await committer.drain()
    bus.is_up = False
    with pytest.raises(Unavailable, match="not connected"):
        await committer.commit(submission("a"))
    bus.is_up = True
    await committer.drain()
    assert await sent(bus) == []


async def test_draining_waits_for_what_was_handed_over() -> None:
    bus = SlowBus()
    committer = Committer(bus, 1, Metrics())
    commit = asyncio.create_task(committer.commit(submission("a")))
    await settle()
    drain = asyncio.create_task(committer.drain())
    await settle()
    assert not drain.done()
    bus.permits.put_nowait(None)
    await drain
    assert await sent(bus) == [["a"]]
    await commit


def test_the_largest_body_leaves_room_for_what_stands_around_it(bus: MemoryBus) -> None:
    assert Committer(bus, 1, Metrics()).largest == bus.max_payload - 64 * 1024


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["commit", "large", "cancel", "take", "refuse", "break", "yield"]), st.integers(0, 3)),
    max_size=40,
)


@settings(deadline=None)
@given(ACTIONS)
def test_every_submission_is_settled_exactly_once(actions: list[tuple[str, int]]) -> None:
    async def run() -> None:
        bus = SlowBus()
        committer = Committer(bus, 2, Metrics())
        commits: dict[str, asyncio.Task[None]] = {}
        for number, (action, which) in enumerate(actions):
            if action in {"commit", "large"}:
                size = 10 if action == "commit" else FRAME_BYTES
                commits[str(number)] = asyncio.create_task(committer.commit(submission(str(number), which, size)))
            elif action == "cancel" and commits:
                list(commits.values())[which % len(commits)].cancel()
            elif action in {"take", "refuse", "break"}:
                permits = {"take": None, "refuse": Unavailable("full"), "break": ValueError("oh")}
                bus.permits.put_nowait(permits[action])
            await asyncio.sleep(0)
        for _ in range(len(actions) + 2):
            bus.permits.put_nowait(None)
        await committer.drain()
        ended = await asyncio.gather(*commits.values(), return_exceptions=True)
        stored = [id for frame in await sent(bus) for id in frame]
        assert len(stored) == len(set(stored))
        for id, outcome in zip(commits, ended, strict=True):
            if outcome is None:
                assert id in stored
            elif isinstance(outcome, Unavailable):
                assert id not in stored
            else:
                assert isinstance(outcome, asyncio.CancelledError)

    asyncio.run(run())


async def test_what_no_message_can_hold_is_refused_and_not_tried_for_ever(bus: MemoryBus) -> None:
    bus.max_payload = 1000
    with pytest.raises(Reject, match="too many items") as refused:
        await Committer(bus, 1, Metrics()).commit(submission("a", size=2000))
    assert refused.value.status == 413
