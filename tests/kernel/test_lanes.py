import asyncio
import threading

import pytest

from amber.plugin.lanes import Lane

pytestmark = pytest.mark.anyio


async def test_a_function_runs_in_a_thread_of_the_plugin() -> None:
    lane = Lane("p")
    assert await lane.run(lambda: threading.current_thread().name, 5) == "plugin-p"
    lane.close()


async def test_what_a_function_raises_reaches_who_asked() -> None:
    lane = Lane("p")
    with pytest.raises(ZeroDivisionError):
        await lane.run(lambda: 1 / 0, 5)
    assert await lane.run(lambda: 1, 5) == 1
    lane.close()


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), StopIteration("x")])
async def test_nothing_a_function_raises_ends_or_cancels_the_host(error: BaseException) -> None:
    def run() -> None:
        raise error

    lane = Lane("p")
    with pytest.raises(RuntimeError, match=type(error).__name__):
        await lane.run(run, 5)
    assert await lane.run(lambda: 1, 5) == 1
    lane.close()


async def test_a_function_that_hangs_is_given_up_on_and_the_lane_recovers() -> None:
    lane, release = Lane("p", width=2), threading.Event()
    for _ in range(2):
        with pytest.raises(TimeoutError, match="no answer within 10 ms"):
            await lane.run(release.wait, 0.01)
    assert lane.is_stuck
    with pytest.raises(TimeoutError, match="all 2 threads of p"):
        await lane.run(lambda: 1, 5)
    release.set()
    while lane.is_stuck:
        await asyncio.sleep(0.001)
    assert await lane.run(lambda: 1, 5) == 1
    lane.close()


async def test_an_error_after_the_budget_is_nobodys_any_more() -> None:
    lane, release = Lane("p", width=1), threading.Event()

    def fail_late() -> None:
        release.wait()
        raise ValueError("too late")

    with pytest.raises(TimeoutError):
        await lane.run(fail_late, 0.01)
    release.set()
    while lane.is_stuck:
        await asyncio.sleep(0.001)
    lane.close()


async def test_a_cancelled_caller_leaves_the_lane_working() -> None:
    lane, started, release = Lane("p", width=1), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        release.wait()

    task = asyncio.create_task(lane.run(work, 60))
    await asyncio.to_thread(started.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()
    assert await lane.run(lambda: 1, 5) == 1
    lane.close()


async def test_calls_run_side_by_side_as_far_as_the_lane_is_wide() -> None:
    lane, meeting = Lane("p", width=3), threading.Barrier(3)
    assert sorted(await asyncio.gather(*(lane.run(meeting.wait, 5) for _ in range(3)))) == [0, 1, 2]
    lane.close()


def test_a_call_that_outlives_its_loop_ends_quietly() -> None:
    lane, release = Lane("p"), threading.Event()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await lane.run(release.wait, 0.01)

    asyncio.run(give_up())
    release.set()
    lane.close()
    for thread in threading.enumerate():
        if thread.name == "plugin-p":
            thread.join()


async def test_a_call_nobody_waits_for_any_more_is_never_made() -> None:
    lane, release, made = Lane("p", width=1), threading.Event(), []
    first = asyncio.create_task(lane.run(release.wait, 5))
    await asyncio.sleep(0)  # the first call has the lane's only thread
    with pytest.raises(TimeoutError):
        await lane.run(lambda: made.append(1), 0.01)
    assert not lane.is_stuck  # it holds no thread
    release.set()
    await first
    assert await lane.run(lambda: "next", 5) == "next"
    assert made == []
    lane.close()
