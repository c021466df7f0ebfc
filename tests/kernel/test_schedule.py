import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from amber.delivering.schedule import Schedule
from amber.errors import Unavailable
from amber.model import Claim, ScheduledJob

pytestmark = pytest.mark.anyio


class Jobs:
    """Who holds which job, as a store keeps it. `away`: how many questions are not answered."""

    def __init__(self) -> None:
        self.holders: dict[str, str] = {}
        self.claims: list[Claim] = []
        self.away = 0
        self._lock = threading.Lock()

    def claim_job(self, claim: Claim) -> bool:
        with self._lock:
            if self.away:
                self.away -= 1
                raise Unavailable("the database is away")
            self.claims.append(claim)
            return self.holders.setdefault(claim.name, claim.holder) == claim.holder

    def hold_job(self, name: str, holder: str, until: float) -> bool:
        with self._lock:
            mine = self.holders.get(name) == holder
            if mine and until <= self.claims[-1].at:
                del self.holders[name]
            return mine


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


def schedule(house: Any, jobs: Any) -> Schedule:
    made = Schedule(house.dispatcher, jobs, house.metrics)
    made.look, made.lease, made.now = 0.001, 0.01, lambda: 1.0
    return made


def plugin(house: Any, run: Callable[[], Awaitable[None]], name: str = "broom", every: float = 0.001) -> None:
    house.add(name, scheduled_jobs=lambda: [ScheduledJob("sweep", every, run)])  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def test_a_job_is_done_again_and_again(house: Any, jobs: Jobs) -> None:
    done: list[int] = []

    async def sweep() -> None:
        done.append(1)

    plugin(house, sweep)
    made = schedule(house, jobs)
    await made.settle()
    await made.settle()  # and is taken on once
    await until(lambda: len(done) >= 3)
    await made.drain()
    assert {claim.name for claim in jobs.claims} == {"broom.sweep"}
    assert len({claim.holder for claim in jobs.claims}) == 1


async def test_of_many_workers_one_does_it(house: Any, jobs: Jobs) -> None:
    at_it: list[int] = []

    async def sweep() -> None:
        at_it.append(1)
        await asyncio.Event().wait()

    plugin(house, sweep)
    workers = [schedule(house, jobs) for _ in range(3)]
    for worker in workers:
        await worker.settle()
    await until(lambda: bool(at_it) and len({claim.holder for claim in jobs.claims}) == 3)
    assert at_it == [1]
    for worker in workers:
        await worker.drain()


async def test_a_job_that_fails_is_told_of_and_done_again(
    house: Any, jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    async def sweep() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ZeroDivisionError("oh")

    plugin(house, sweep)
    made = schedule(house, jobs)
    await made.settle()
    await until(lambda: len(tries) >= 2)
    await made.drain()
    assert "job broom.sweep failed: ZeroDivisionError: oh" in caplog.text
    assert house.metrics.cost("broom").errors == 1


async def test_an_outage_is_waited_for(house: Any, jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    done = asyncio.Event()

    async def sweep() -> None:
        done.set()

    plugin(house, sweep)
    jobs.away = 2
    made = schedule(house, jobs)
    await made.settle()
    await done.wait()
    await made.drain()
    assert "job broom.sweep waits: the database is away" in caplog.text


async def test_a_plugin_that_goes_stops_its_jobs_and_frees_them(house: Any, jobs: Jobs) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def sweep() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    plugin(house, sweep)
    made = schedule(house, jobs)
    await made.settle()
    await started.wait()
    await made.close("broom")
    assert cancelled.is_set()
    assert jobs.holders == {}
    await made.close("nobody")


async def test_a_job_that_somebody_else_has_taken_over_is_broken_off(house: Any, jobs: Jobs) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def sweep() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    plugin(house, sweep)
    made = schedule(house, jobs)
    await made.settle()
    await started.wait()
    jobs.holders["broom.sweep"] = "somebody else"
    await cancelled.wait()
    await made.drain()
    assert jobs.holders == {"broom.sweep": "somebody else"}


@pytest.mark.parametrize("answer", [["sweep"], [ScheduledJob("sweep", 0, print)], [ScheduledJob("s", 1, None)]])  # type: ignore[arg-type]
async def test_an_answer_that_is_no_job_costs_that_plugin_its_jobs(house: Any, jobs: Jobs, answer: Any) -> None:
    done = asyncio.Event()

    async def sweep() -> None:
        done.set()

    house.add("rubbish", scheduled_jobs=lambda: answer)
    plugin(house, sweep)
    made = schedule(house, jobs)
    await made.settle()
    await done.wait()
    await made.drain()
    assert house.metrics.cost("rubbish").errors == 1
    assert {claim.name for claim in jobs.claims} == {"broom.sweep"}
