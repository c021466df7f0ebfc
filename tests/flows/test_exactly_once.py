"""However often an event comes, and however many processes share the work: stored once, counted once."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from amber.testing.accounts import unbalanced
from amber.testing.postgres import running_postgres

from .conftest import ended
from .running import Running, wait_until
from .wire import KINDS, Connection, envelope, error, post, send_all

EVENTS, ISSUES, REPEATS = 10_000, 200, 50


@pytest.fixture(scope="module")
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    with running_postgres() as server:
        yield server.url(server.create())


@pytest.fixture(scope="module")
def team(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An Amber with two workers and two edges."""
    data: Path = tmp_path_factory.mktemp("team") / "data"
    running = Running(data, environment={"AMBER_DATABASE_URL": database_url} if database_url else None)
    with ended(running):
        running.worker_beside()
        running.edge_beside()
        yield running


pytestmark = pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)


def test_one_event_sent_fifty_times_over_two_edges_counts_once(team: Running) -> None:
    event = error("RepeatedProblem")

    async def send() -> list[int]:
        connections = [Connection(team.edges[number % 2]) for number in range(REPEATS)]
        request = post(team.edges[0], team.project, team.key, envelope(event))
        statuses = await asyncio.gather(*(connection.ask(request) for connection in connections))
        for connection in connections:
            await connection.close()
        return statuses

    before = Counter(team.outcomes())
    assert asyncio.run(send()) == [200] * REPEATS

    def met() -> Counter[tuple[str, str]]:
        return Counter(team.outcomes()) - before

    wait_until(lambda: met().total() >= REPEATS)
    assert met() == {("error", "stored"): 1, ("error", "filtered"): REPEATS - 1}
    [issue] = team.issues(text="RepeatedProblem")
    assert issue["count"] == 1
    assert [one["event_id"] for one in team.pages(f"/issues/{issue['id']}/events")] == [event["event_id"]]


def test_ten_thousand_events_over_two_hundred_issues_are_counted_exactly(team: Running) -> None:
    before = team.outcomes().get(("error", "stored"), 0)
    kinds = KINDS[:ISSUES]
    sent = [envelope(error(kinds[number % ISSUES])) for number in range(EVENTS)]

    async def send() -> list[int]:
        halves = (
            send_all(url, (post(url, team.project, team.key, body) for body in sent[position::2]), 24)
            for position, url in enumerate(team.edges)
        )
        return [status for half in await asyncio.gather(*halves) for status in half]

    assert Counter(asyncio.run(send())) == {200: EVENTS}
    wait_until(lambda: team.outcomes().get(("error", "stored"), 0) - before >= EVENTS)
    counted = {issue["title"]: issue["count"] for issue in team.issues() if issue["title"].startswith("Problem")}
    assert counted == {f"{kind}: it broke": EVENTS // ISSUES for kind in kinds}
    assert team.outcomes()["error", "stored"] - before == EVENTS
    assert unbalanced(team.counts()) == []


def test_both_workers_took_part(team: Running) -> None:
    lines = [line for line in team.metrics().splitlines() if line.startswith("amber_frames_digested_total")]
    assert len(lines) == 2
    assert all(float(line.rsplit(" ", 1)[1]) > 0 for line in lines)


def test_null_bytes_and_lone_surrogates_are_stored(team: Running) -> None:
    event = error("OddProblem")
    odd = "a\0b\ud800c"
    event |= {"transaction": odd, "tags": {"odd": odd}, "user": {"id": odd}, "release": "shop@1\0", odd: odd}
    event["exception"]["values"][0]["value"] = odd
    request = post(team.url, team.project, team.key, envelope(event))
    assert asyncio.run(send_all(team.url, [request], 1)) == [200]
    stored = team.stored(event["event_id"])
    assert stored["data"]["exception"]["values"][0]["value"].startswith("a")
    assert team.get(f"/issues/{stored['issue_id']}")["count"] == 1
