"""`amber trace` beside an Amber that runs: what becomes of one event and one request, told while it happens."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import IO, Any

import pytest

from .running import Running, clean_environment
from .wire import envelope, error

pytestmark = pytest.mark.measured

EVENT = "7ace" * 8


def traced(amber: Running, act: Callable[[], Any], last: str, *words: str) -> list[dict[str, Any]]:
    """What `amber trace` prints of what `act` causes, up to a call in the hook `last`."""
    command = [sys.executable, "-m", "amber", "trace", "--json", *words, "--data", str(amber.data)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert "Watching" in process.stderr.readline()
            act()
            return list(until(process.stdout, last))
        finally:
            process.terminate()


def until(lines: IO[str], last: str) -> list[dict[str, Any]]:
    calls = []
    for line in lines:
        calls.append(json.loads(line))
        if calls[-1]["hook"] == last:
            break
    return calls


def test_an_event_is_followed_through_all_processes(amber: Running) -> None:
    sent = error(event_id=EVENT)
    sent["exception"]["values"][0]["value"] = "card 4111111111111111"
    key = {"x-sentry-auth": f"Sentry sentry_key={amber.key}, sentry_version=7"}
    address = f"/api/{amber.project}/envelope/"
    calls = traced(
        amber, lambda: amber.web.post(address, content=envelope(sent), headers=key), "store", "--event", EVENT
    )
    by_hook = {call["hook"]: call for call in calls}
    assert list(by_hook) == ["ingest_protocols", "enrich_events", "scrub_events", "group_events", "store"]
    assert {call["process"].partition("-")[0] for call in calls} == {"worker"}
    assert by_hook["store"]["plugin"] == "sql"
    assert by_hook["store"]["answer"]["Applied"]["stored"] == 1
    assert all(call["seconds"] > 0 for call in calls)
    assert "4111111111111111" not in json.dumps(calls)


def test_a_request_is_told_with_who_was_asked_about_it(amber: Running) -> None:
    token = amber.token("project:read")
    ask = partial(amber.api_as(token).get, "/projects")
    calls = traced(amber, ask, "authorise", "--request", "/api/v1/projects")
    assert {call["request"] for call in calls} == {"/api/v1/projects"}
    known = next(call for call in calls if call["plugin"] == "tokens")
    assert known["answer"]["Principal"]["kind"] == "token"
    assert token not in json.dumps(calls)


def test_it_ends_by_itself_and_without_an_amber_says_so(amber: Running, tmp_path: Any) -> None:
    done = amber.cli("trace", "--plugin", "nobody", "--seconds", "0.1")
    assert (done.returncode, done.stdout) == (0, "")
    command = [sys.executable, "-m", "amber", "trace", "--data", str(tmp_path / "none")]
    nowhere = subprocess.run(command, capture_output=True, text=True, env=clean_environment())
    assert nowhere.returncode == 1
    assert "no Amber has run" in nowhere.stderr
