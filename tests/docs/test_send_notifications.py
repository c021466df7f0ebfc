"""What the page about notifications says of webhooks and `amber.toml`, held against the code."""

import json
from typing import Any

import msgspec
import pytest

from amber import config
from amber.model import Command, Notification, WebhookRequest
from amber_integrations.webhook.message import body_of, headers_of
from amber_integrations.webhook.replies import command_in

PAGE = "docs/how-to/send-notifications.md"
NOW = 1_700_000_000


@pytest.fixture
def told(blocks: Any) -> dict[str, Any]:
    """The page's message."""
    message: dict[str, Any] = json.loads(blocks(PAGE, "json")[0])
    return message


@pytest.fixture
def notification(told: dict[str, Any]) -> Notification:
    issue = told["issue"]
    about = {name: issue[name] for name in ("title", "culprit", "level", "short_id", "event_id")}
    project = {"project": 1, "project_slug": told["project"]["slug"], "project_name": told["project"]["name"]}
    return Notification(told["id"], told["kind"], at=NOW, url=told["url"], issue_id=issue["id"], **project, **about)


def test_the_message_is_what_is_sent(told: dict[str, Any], notification: Notification) -> None:
    assert msgspec.json.decode(body_of(notification)) == told


@pytest.mark.parametrize(
    ("body", "secret", "now", "genuine"),
    [
        (b"", "s3cret", NOW + 10, True),
        (b"changed", "s3cret", NOW + 10, False),
        (b"", "another", NOW + 10, False),
        (b"", "s3cret", NOW + 3600, False),
    ],
    ids=["genuine", "changed", "another's", "late"],
)
def test_the_pages_program_tells_our_messages_from_others(
    blocks: Any,
    notification: Notification,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
    secret: str,
    now: float,
    genuine: bool,
) -> None:
    page: dict[str, Any] = {}
    exec(blocks(PAGE, "python")[0], page)
    monkeypatch.setattr("time.time", lambda: now)
    sent = body_of(notification)
    headers = headers_of(notification, sent, "s3cret", NOW)
    assert page["is_from_amber"](headers, sent + body, secret) is genuine


def test_the_pages_answer_is_one_that_is_heeded(blocks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    page: dict[str, Any] = {}
    exec(blocks(PAGE, "python")[1], page)
    monkeypatch.setattr("time.time", lambda: NOW)
    wish = json.loads(blocks(PAGE, "json")[1])
    sent = page["answer"]("https://amber.example/hooks/webhook/1-a", "s3cret", **wish)
    request = WebhookRequest("r1", NOW, sent.data, {name.lower(): value for name, value in sent.header_items()})
    assert command_in(request, "s3cret") == Command("resolve", "7", key="ticket-42-closed")


def test_every_table_of_the_page_can_stand_in_amber_toml(blocks: Any, tmp_path: Any) -> None:
    for block in blocks(PAGE, "toml"):
        (tmp_path / "amber.toml").write_text(block)
        assert config.check(tmp_path / "amber.toml", {})[1] == []
