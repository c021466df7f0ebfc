"""Old events go from a running Amber, and nothing it says afterwards is wrong."""

import uuid
from collections.abc import Callable

import httpx
import pytest

from amber.testing.audit import discrepancies
from amber.testing.databases import open_database

from .running import Running, wait_until
from .wire import envelope, error

pytestmark = pytest.mark.measured

OFTEN = "[plugins.retention]\nevery = 1\n"


def send(amber: Running, event_id: str, kind: str = "ProblemAA") -> None:
    headers = {"X-Sentry-Auth": f"Sentry sentry_key={amber.key}, sentry_version=7, sentry_client=flow/1.0"}
    url = f"{amber.url}/api/{amber.project}/envelope/"
    assert httpx.post(url, content=envelope(error(kind, event_id)), headers=headers).status_code == 200


def test_a_worker_keeps_as_many_events_as_the_project_says(start: Callable[..., Running]) -> None:
    amber = start(toml=OFTEN)
    ids = [uuid.uuid4().hex for _ in range(6)]
    for number, event_id in enumerate(ids):
        send(amber, event_id, "ProblemQuiet" if number == 0 else "ProblemLoud")
        amber.stored(event_id)
    changed = amber.api.patch(f"/projects/{amber.project}", json={"settings": {"retention_events": 3}})
    assert changed.status_code == 200
    wait_until(lambda: amber.event(ids[3]) is None)
    kept = {issue["title"].split(":")[0]: (issue["count"], issue["kept"]) for issue in amber.issues()}
    assert kept == {"ProblemQuiet": (1, 1), "ProblemLoud": (5, 2)}
    assert [amber.event(event_id) is not None for event_id in ids] == [True, False, False, False, True, True]
    wait_until(lambda: "amber_pruned_events_total" in amber.metrics())

    before = amber.outcomes().get(("error", "filtered"), 0)
    send(amber, ids[1], "ProblemLoud")
    wait_until(lambda: amber.outcomes().get(("error", "filtered"), 0) == before + 1)
    assert amber.event(ids[1]) is None
    [status] = amber.cli_json("retention", "status")
    assert (status["events"], status["most"], status["too_many"]) == (3, 3, 0)
    engine = open_database(f"sqlite:///{amber.data / 'amber.db'}")
    assert discrepancies(engine) == []
    engine.dispose()
