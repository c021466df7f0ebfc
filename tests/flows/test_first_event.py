"""An error in somebody's program is an issue two seconds later, whole. The other SDKs are in `sdks/`."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from .running import Running, clean_environment, wait_until

pytestmark = pytest.mark.measured

SOON = 2.0
"""Seconds from the moment the SDK was answered until the issue is in the list."""

PYTHON_SHOP = """\
import sys
import sentry_sdk

sentry_sdk.init(sys.argv[1], release="shop@2.1.0", environment="production", send_default_pii=True)
sentry_sdk.set_tag("cart", "large")
sentry_sdk.set_user({"id": "42", "email": "author@example.org"})
sentry_sdk.add_breadcrumb(category="cart", message="a book was put into the cart", level="info")


def add_request(event, hint):
    event["request"] = {"method": "POST", "url": "http://shop.example/cart", "headers": {"Accept": "text/html"}}
    return event


def price_of(book):
    prices = {"tea": 3}
    return prices[book]


def check_out():
    try:
        return price_of("coffee")
    except KeyError as missing:
        raise RuntimeError("the cart has no price") from missing


sentry_sdk.get_isolation_scope().add_event_processor(add_request)
try:
    check_out()
except RuntimeError:
    print(sentry_sdk.capture_exception())
sentry_sdk.flush(30)
"""


def run(*command: str | Path, folder: Path) -> str:
    """What a program prints."""
    environment = clean_environment()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def issue_titled(amber: Running, title: str) -> Any:
    """The issue of that title, as soon as it is in the list."""

    def listed() -> list[Any]:
        return [issue for issue in amber.issues() if issue["title"] == title]

    return wait_until(listed, SOON)[0]


def values(event: dict[str, Any], interface: str) -> list[Any]:
    return list(event["data"][interface]["values"])


@pytest.fixture(scope="module")
def python_event(amber: Running, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The issue and the event of a Python program that uses the current SDK."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(PYTHON_SHOP)
    assert amber.token()
    event_id = run(sys.executable, "shop.py", amber.dsn, folder=folder)
    issue = issue_titled(amber, "RuntimeError: the cart has no price")
    return issue, amber.event(event_id)


def test_an_error_from_python_is_an_issue(python_event: tuple[Any, Any]) -> None:
    issue, event = python_event
    assert issue["culprit"] == "__main__ in check_out"
    assert (issue["level"], issue["status"], issue["count"], issue["users"]) == ("error", "unresolved", 1, 1)
    assert issue["first_release"] == "shop@2.1.0"
    assert issue["first_seen"] == issue["last_seen"] == event["timestamp"]
    assert event["issue_id"] == issue["id"]


def test_the_chain_of_exceptions_from_python_is_whole(python_event: tuple[Any, Any]) -> None:
    cause, raised = values(python_event[1], "exception")
    assert (cause["type"], cause["value"]) == ("KeyError", "'coffee'")
    assert (raised["type"], raised["value"]) == ("RuntimeError", "the cart has no price")
    frame = raised["stacktrace"]["frames"][-1]
    assert (frame["function"], frame["in_app"]) == ("check_out", True)
    assert frame["context_line"] == '        raise RuntimeError("the cart has no price") from missing'
    assert frame["pre_context"][-1] == "    except KeyError as missing:"
    assert frame["lineno"] == PYTHON_SHOP.splitlines().index(frame["context_line"]) + 1
    assert cause["stacktrace"]["frames"][-1]["vars"]["book"] == "'coffee'"


def test_what_surrounds_an_error_from_python_is_whole(python_event: tuple[Any, Any]) -> None:
    event = python_event[1]
    assert event["data"]["user"]["id"] == "42"
    assert event["data"]["user"]["email"] == "author@example.org"
    assert ["cart", "large"] in event["data"]["tags"]
    assert [crumb["message"] for crumb in values(event, "breadcrumbs")] == ["a book was put into the cart"]
    assert event["data"]["request"]["method"] == "POST"
    assert event["data"]["request"]["url"] == "http://shop.example/cart"
    assert event["data"]["contexts"]["runtime"]["name"] == "CPython"
    assert (event["data"]["release"], event["data"]["environment"]) == ("shop@2.1.0", "production")


def test_the_grouping_explains_itself(amber: Running, python_event: tuple[Any, Any]) -> None:
    issue, event = python_event
    why = amber.get(f"/issues/{issue['id']}/grouping")
    assert why["event_id"] == event["event_id"]
    assert why["mechanism"] == "exception"
    assert why["version"] >= 1
    assert issue["culprit"].split()[-1] in why["summary"]
    assert why["keys"] == [why["key"]]
    assert "check_out" in " ".join(part["value"] for part in why["parts"])


def test_an_error_from_an_amber_client_is_an_issue(amber: Running) -> None:
    frames = [
        {"function": "check_out", "filename": "shop/cart.py", "line": 7, "in_app": True, "context_line": "pay(cart)"}
    ]
    sent = {
        "event_id": "order-17",
        "project_id": str(amber.project),
        "timestamp": f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}",
        "level": "warning",
        "exception": {"type": "PaymentFailed", "message": "the card was refused", "stacktrace": frames},
        "context": {"user": {"id": "42"}, "tags": {"cart": "large"}, "env": "production", "release": "shop@2.1.0"},
        "sdk": {"name": "ember-python", "version": "1.0"},
    }
    headers = {"content-type": "application/json", "x-ember-key": amber.key}
    assert amber.token()
    for _ in range(2):  # the second is a retry of the same event, although its id is no UUID
        request = urllib.request.Request(f"{amber.url}/ingest", json.dumps(sent).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert (answer.status, answer.read()) == (200, b"accepted")
    issue = issue_titled(amber, "PaymentFailed: the card was refused")
    assert (issue["level"], issue["first_release"]) == ("warning", "shop@2.1.0")
    [line] = amber.pages(f"/issues/{issue['id']}/events")
    event = amber.event(line["event_id"])
    [frame] = values(event, "exception")[0]["stacktrace"]["frames"]
    assert (frame["function"], frame["context_line"], frame["lineno"]) == ("check_out", "pay(cart)", 7)
    assert ["cart", "large"] in event["data"]["tags"]
    assert event["data"]["user"]["id"] == "42"


def test_send_test_follows_its_event_until_it_is_an_issue(amber: Running) -> None:
    done = amber.cli("send-test")
    assert done.returncode == 0, done.stderr
    event_id = done.stdout.split()[1]
    assert "RuntimeError: This is a test error from amber send-test" in done.stdout
    assert amber.event(event_id)["title"] == "RuntimeError: This is a test error from amber send-test"
