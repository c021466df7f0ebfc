"""A client that runs into a limit is told so, holds back until it is over, and what it threw away is on the account."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import httpx
import pytest

from amber.model import account_of
from amber.testing.accounts import unbalanced

from .running import Running, clean_environment, wait_until

pytestmark = pytest.mark.measured

SHOP = """\
import sys
import sentry_sdk

sentry_sdk.init(sys.argv[1], default_integrations=False)
for line in sys.stdin:
    for number in range(int(line)):
        sentry_sdk.capture_exception(ValueError("out of tea"))
    sentry_sdk.flush(30)
    print("sent", flush=True)
"""
WINDOW = 12
"""Seconds; long enough for twenty errors to be made while the limit lasts, however slow the machine."""
REPORT = '{"event_id": "%032x"}\n{"type": "event"}\n{"message": "by hand"}\n'


class Shop:
    """A program with the real SDK, which makes as many errors as it is asked for."""

    def __init__(self, folder: Path, dsn: str) -> None:
        (folder / "shop.py").write_text(SHOP)
        command = [sys.executable, str(folder / "shop.py"), dsn]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=clean_environment())

    def fail(self, times: int) -> None:
        """Make errors, and wait until the SDK has sent what it wants to."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{times}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "sent\n"

    def __enter__(self) -> "Shop":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.communicate()


def limit(amber: Running, *limits: dict[str, object]) -> None:
    answer = amber.api.patch(f"/projects/{amber.project}", json={"settings": {"limits": list(limits)}})
    assert answer.status_code == 200, answer.text


def post(amber: Running, number: int, item: str = "event") -> httpx.Response:
    """One item by hand."""
    body = (REPORT % number).replace('"event"}', f'"{item}"}}')
    path = f"/api/{amber.project}/envelope/?sentry_key={amber.key}"
    return amber.web.post(path, content=body)


def requests(amber: Running, status: int) -> int:
    """How many requests of Sentry's protocol were answered so."""
    found = re.findall(
        rf'^amber_requests_total\{{.*protocol="sentry".*status="{status}".*\}} (\S+)$', amber.metrics(), re.M
    )
    return int(sum(map(float, found)))


def errors_received(amber: Running) -> int:
    found = re.findall(r'^amber_items_received_total\{.*category="error".*\} (\S+)$', amber.metrics(), re.M)
    return int(sum(map(float, found)))


def reasons(amber: Running) -> dict[tuple[str, str], int]:
    """How many errors met each outcome and reason."""
    totals = amber.get(f"/projects/{amber.project}/outcomes")["totals"]
    return {(one["outcome"], one["reason"]): one["quantity"] for one in totals if one["category"] == "error"}


def test_a_real_sdk_sends_nothing_while_a_limit_lasts_and_reports_what_it_threw_away(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    amber = start()
    limit(amber, {"count": 1, "window": WINDOW, "categories": ["error"]})
    wait_until(lambda: post(amber, 1).status_code == 429)
    with Shop(tmp_path, amber.dsn) as shop:
        before = requests(amber, 429)
        wait_until(lambda: shop.fail(1) or requests(amber, 429) > before)
        refused, received = requests(amber, 429), errors_received(amber)
        shop.fail(20)
        assert (requests(amber, 429), errors_received(amber)) == (refused, received)
        wait_until(lambda: shop.fail(1) or errors_received(amber) > received)
    wait_until(lambda: reasons(amber).get(("client_discard", "ratelimit_backoff"), 0) >= 20)
    limited = reasons(amber)["rate_limited", "project_limit"]
    assert limited == requests(amber, 429)
    wait_until(lambda: not unbalanced(amber.counts()))
    account = account_of(amber.counts())
    assert account.received == account.accepted + limited


def test_who_ran_into_a_limit_hears_of_it_on_what_is_taken_too(start: Callable[..., Running]) -> None:
    amber = start()
    limit(amber, {"count": 1, "window": 600, "categories": ["error"]}, {"count": 100, "scope": "key", "burst": 7})
    refusal = wait_until(lambda: next((one for one in [post(amber, 1)] if one.status_code == 429), None))
    assert refusal.headers["x-sentry-rate-limits"] == "300:error:project:project_limit"
    assert 590 <= int(refusal.headers["retry-after"]) <= 600
    assert "x-sentry-rate-limits" in refusal.headers["access-control-expose-headers"]
    taken = post(amber, 2, "session")
    assert taken.status_code == 200
    assert taken.headers["x-sentry-rate-limits"] == "300:error:project:project_limit"
    assert "retry-after" not in taken.headers


def test_a_cap_outlives_the_edge_that_counted(start: Callable[..., Running]) -> None:
    amber = start("kept")
    cap = {"count": 3, "window": 86400, "kind": "cap", "categories": ["error"]}
    limit(amber, cap)
    answers = [post(amber, number).status_code for number in range(1, 9)]
    wait_until(lambda: post(amber, 99).status_code == 429)
    wait_until(lambda: reasons(amber).get(("accepted", ""), 0) >= 3)
    amber.stop()
    again = start("kept")
    refusal = wait_until(lambda: next((one for one in [post(again, 100)] if one.status_code == 429), None))
    assert refusal.headers["x-sentry-rate-limits"] == "300:error:project:project_cap"
    wait_until(lambda: ("over_quota", "project_cap") in reasons(again))
    assert answers[0] == 200


def test_ambers_clients_hear_how_much_they_may_still_send(start: Callable[..., Running]) -> None:
    amber = start()
    limit(amber, {"count": 2, "window": 60})
    project = amber.get(f"/projects/{amber.project}")
    event = {
        "event_id": "8a1f7c52-54a6-4bd1-9a3c-0d53a1f0b6c1",
        "timestamp": "2026-01-01T00:00:00Z",
        "project_id": str(project["id"]),
        "level": "error",
        "exception": {"type": "ValueError", "message": "no", "stacktrace": []},
        "context": {"env": "test", "release": "1"},
        "sdk": {"name": "ember-python", "version": "1"},
    }
    headers = {"x-ember-key": amber.key}

    def send() -> httpx.Response:
        return amber.web.post("/ingest", json=event, headers=headers)

    last = wait_until(lambda: next((one for one in [send()] if one.status_code == 429), None))
    assert last.headers["x-ratelimit-limit"] == "2"
    assert last.headers["x-ratelimit-remaining"] == "0"
    assert 0 < int(last.headers["x-ratelimit-reset"]) <= 30
    assert "x-ratelimit-reset" in last.headers["access-control-expose-headers"]
