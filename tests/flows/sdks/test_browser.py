"""A page of another origin may send errors to Amber and read its answers."""

import json
from typing import Any

from playwright.sync_api import Page

from flows.running import Running

from .chromium import click, shop_page
from .shops import build_page

ALLOWED = "access-control-allow-origin"
POST = """async ([url, headers, body]) => {
  const answer = await fetch(url, { method: "POST", headers, body });
  return { status: answer.status, body: await answer.text(), limits: answer.headers.get("x-sentry-rate-limits") };
}"""


def posted(amber: Running, path: str, headers: dict[str, str], body: str) -> Any:
    """What a page of another origin can read of Amber's answer."""
    with shop_page(build_page(), amber.dsn) as page:
        return page.evaluate(POST, [amber.url + path, headers, body])


def test_the_sdk_reads_every_answer_across_origins(amber: Running) -> None:
    answers: list[tuple[int, str | None]] = []
    failures: list[str] = []

    def watch(page: Page) -> None:
        assert not page.url.startswith(amber.url)
        page.on("requestfailed", lambda request: failures.append(request.url))
        page.on("response", lambda answer: answers.append((answer.status, answer.header_value(ALLOWED))))

    assert amber.stored(click("order", build_page(), amber.dsn, watch))
    assert failures == []
    assert set(answers) == {(200, "*")}


def test_a_header_that_asks_the_browser_for_a_preflight_is_allowed(amber: Running) -> None:
    event = {"event_id": "c" * 32, "message": "sent across origins"}
    body = "\n".join(json.dumps(part) for part in ({"event_id": event["event_id"]}, {"type": "event"}, event))
    headers = {"x-sentry-auth": f"Sentry sentry_version=7, sentry_key={amber.key}", "content-type": "text/plain"}
    answer = posted(amber, f"/api/{amber.project}/envelope/", headers, body)
    assert (answer["status"], json.loads(answer["body"])) == (200, {"id": "c" * 32})
    assert amber.stored("c" * 32)["title"] == "sent across origins"


def test_an_error_of_the_protocol_can_be_read_across_origins(amber: Running) -> None:
    answer = posted(amber, f"/api/{amber.project}/envelope/?sentry_key={'0' * 32}", {}, "{}")
    assert answer["status"] == 403
    assert "detail" in json.loads(answer["body"])


def test_ambers_own_protocol_works_across_origins(amber: Running) -> None:
    event = {
        "event_id": "d" * 8 + "-dddd-4ddd-8ddd-" + "d" * 12,
        "project_id": str(amber.project),
        "timestamp": "2026-11-22T19:31:15Z",
        "level": "error",
        "exception": {"type": "TypeError", "message": "x is undefined"},
        "sdk": {"name": "@ember/browser", "version": "1.0.0"},
    }
    headers = {"x-ember-key": amber.key, "content-type": "application/json"}
    answer = posted(amber, "/ingest", headers, json.dumps(event))
    assert (answer["status"], answer["body"]) == (200, "accepted")
