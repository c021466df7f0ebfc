"""A limit that is reached while much is sent: what is over it hears so and is counted, nothing else is lost."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from msgspec import Struct

from amber.model import account_of
from tests.flows.running import Running, wait_until
from tests.flows.test_limits import limit
from tests.flows.wire import envelope, error

from .audit import look, problems, settled
from .load import Load, under
from .system import bus_of
from .test_bus import MANY, accepts_more

HOUR = 3600


class Reached(Struct, frozen=True):
    """A limit that is some way off when it is set, and how those who are over it are told and counted."""

    limit: dict[str, Any]
    outcome: str
    scope: str
    reason: str


LIMITS = [
    Reached({"count": MANY, "window": HOUR, "scope": "key"}, "rate_limited", "key", "key_limit"),
    Reached({"count": MANY, "window": HOUR}, "rate_limited", "project", "project_limit"),
    Reached({"count": MANY, "window": 24 * HOUR, "kind": "cap"}, "over_quota", "project", "project_cap"),
]


def refusal(amber: Running, load: Load, statuses: Counter[int]) -> httpx.Response:
    """What somebody hears who is over the limit; one who is let in is as good as any other sender."""
    headers = {"x-sentry-auth": f"Sentry sentry_key={amber.key}, sentry_version=7"}

    def ask() -> httpx.Response | None:
        event = error()
        load.sent.add(event["event_id"])
        answer = amber.web.post(f"/api/{amber.project}/envelope/", content=envelope(event), headers=headers)
        statuses[answer.status_code] += 1
        return answer if answer.status_code == 429 else None

    return wait_until(ask)


@pytest.mark.parametrize("reached", LIMITS, ids=[one.reason for one in LIMITS])
def test_a_limit_reached_under_load_loses_nothing_and_counts_all_it_refused(
    start: Callable[..., Running], reached: Reached
) -> None:
    amber, statuses = start(), Counter[int]()
    with under(Load(amber.url, amber.project, amber.key, seed=1)) as load:
        accepts_more(load)
        limit(amber, reached.limit)
        wait_until(lambda: load.statuses[429] >= MANY)
        told = refusal(amber, load, statuses)
        limit(amber)
        accepts_more(load)
    assert 0 < int(told.headers["retry-after"]) <= reached.limit["window"]
    assert told.headers["x-sentry-rate-limits"].endswith(f":{reached.scope}:{reached.reason}")

    database, bus = f"sqlite:///{amber.data / 'amber.db'}", bus_of(amber.data)
    wait_until(settled(database, bus))
    found = look(database, bus)
    assert problems(found, load) == []
    statuses += load.statuses  # 400 is what the broken ones of the load are told
    assert set(statuses) == {200, 400, 429}
    account = account_of(found.outcomes)
    assert (account.accepted, found.total(reached.outcome, reached.reason)) == (statuses[200], statuses[429])
    assert account.received == statuses.total()
