import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from amber import Context, Secret
from amber.errors import Reject, Retry
from amber.model import Receipt
from amber.testing.contexts import make_context, make_services
from amber.testing.stores import NOON
from amber.testing.targets import news
from amber_integrations import webhook
from amber_integrations.webhook.answers import judge, seconds

pytestmark = pytest.mark.anyio


class Receiver(ThreadingHTTPServer):
    """A real receiver that remembers what was posted and answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.headers: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?x=1"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"a word of explanation")

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def context(*allowed: str) -> Context[Any]:
    return make_context(webhook, None, make_services(Path(), networks=allowed))


class Said(Struct, frozen=True):
    """An answer as `ctx.http` gives it."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


@pytest.fixture
def ctx() -> Context[Any]:
    return context("127.0.0.0/8")


async def test_a_message_is_posted_as_documented(receiver: Receiver, ctx: Context[Any]) -> None:
    receipt = await webhook.deliver(news(), webhook.TargetConfig(receiver.url), ctx)
    assert receipt == Receipt("200 OK")
    [(path, headers, body)] = receiver.posts
    assert path == "/hook?x=1"
    assert json.loads(body) == {
        "v": 1,
        "id": "n1",
        "kind": "issue.created",
        "title": "KeyError: 'coffee'",
        "at": "2023-11-14T22:13:20.000000Z",
        "url": "https://amber.example/issues/7",
        "project": {"id": "1", "slug": "shop", "name": "Shop"},
        "issue": {
            "id": "7",
            "short_id": "SHOP-7",
            "title": "KeyError: 'coffee'",
            "culprit": "shop.cart",
            "level": "error",
            "event_id": "e" * 32,
        },
    }
    assert headers["Content-Type"] == "application/json"
    assert (headers["X-Amber-Event"], headers["X-Amber-Delivery"]) == ("issue.created", "n1")
    assert headers["X-Ember-Event"] == "new_issue"
    assert abs(int(headers["X-Amber-Timestamp"]) - ctx.now()) < 60


async def test_a_message_is_signed_so_that_neither_body_nor_time_can_be_changed(
    receiver: Receiver, ctx: Context[Any]
) -> None:
    await webhook.deliver(news(), webhook.TargetConfig(receiver.url, Secret("s3cret")), ctx)
    [(_, headers, body)] = receiver.posts
    signed = headers["X-Amber-Timestamp"].encode() + b"." + body
    assert headers["X-Amber-Signature"] == "v1=" + hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert headers["X-Ember-Signature"] == "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()


async def test_without_a_secret_nothing_is_signed(receiver: Receiver, ctx: Context[Any]) -> None:
    await webhook.deliver(news(), webhook.TargetConfig(receiver.url), ctx)
    [(_, headers, _)] = receiver.posts
    assert {name for name in headers if "Signature" in name or name == "Authorization"} == set()


async def test_a_receiver_may_want_authorization(receiver: Receiver, ctx: Context[Any]) -> None:
    target = webhook.TargetConfig(receiver.url, authorization=Secret("Bearer t0ken"))
    await webhook.deliver(news(), target, ctx)
    assert receiver.posts[0][1]["Authorization"] == "Bearer t0ken"
    assert "t0ken" not in repr(target)


@pytest.mark.parametrize(
    ("kind", "ember"), [("issue.created", "new_issue"), ("issue.regressed", "regression"), ("test", "test")]
)
async def test_receivers_written_for_amber_know_our_kinds(
    receiver: Receiver, ctx: Context[Any], kind: str, ember: str
) -> None:
    await webhook.deliver(news(kind=kind), webhook.TargetConfig(receiver.url), ctx)
    headers = receiver.posts[0][1]
    assert (headers["X-Amber-Event"], headers["X-Ember-Event"]) == (kind, ember)


async def test_a_test_message_has_no_issue(receiver: Receiver, ctx: Context[Any]) -> None:
    await webhook.deliver(news(kind="test", issue_id=""), webhook.TargetConfig(receiver.url), ctx)
    assert json.loads(receiver.posts[0][2])["issue"] is None


async def test_a_refusal_is_told_in_the_receivers_words(receiver: Receiver, ctx: Context[Any]) -> None:
    receiver.status = 500
    with pytest.raises(Retry, match=r"^500 Internal Server Error: a word of explanation$"):
        await webhook.deliver(news(), webhook.TargetConfig(receiver.url), ctx)


async def test_a_redirect_is_told_and_not_followed(receiver: Receiver, ctx: Context[Any]) -> None:
    receiver.status, receiver.headers = 302, {"Location": receiver.url}
    with pytest.raises(Retry, match=r"^302 Found: redirects are not followed; enter http://127"):
        await webhook.deliver(news(), webhook.TargetConfig(receiver.url), ctx)
    assert len(receiver.posts) == 1


async def test_a_private_address_is_refused_where_it_is_not_allowed(receiver: Receiver) -> None:
    with pytest.raises(Reject, match="is a private address"):
        await webhook.deliver(news(), webhook.TargetConfig(receiver.url), context())
    assert receiver.posts == []


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_a_receipt(status: int) -> None:
    assert judge(Said(status, {}, b"thanks"), NOON).detail.startswith(str(status))


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 408, 413, 422, 425, 500, 502, 504, 599, 101])
def test_whatever_else_is_answered_is_tried_again(status: int) -> None:
    with pytest.raises(Retry) as failed:
        judge(Said(status, {"retry-after": "60"}), NOON)
    assert failed.value.after is None
    assert str(failed.value).startswith(str(status))


def test_gone_is_given_up_at_once() -> None:
    with pytest.raises(Reject, match="410 Gone: moved out"):
        judge(Said(410, {}, b"moved out"), NOON)


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_says_when_to_come_back_is_heard(status: int) -> None:
    with pytest.raises(Retry) as failed:
        judge(Said(status, {"retry-after": "17"}), NOON)
    assert failed.value.after == 17


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("5", 5.0),
        (" 0 ", 0.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2022 22:14:20 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("Tue, 99 Nov 2023 99:14:20 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, after: float | None) -> None:
    assert seconds(header, NOON) == after


def test_long_words_are_cut_and_odd_ones_are_read_as_they_come() -> None:
    with pytest.raises(Retry) as failed:
        judge(Said(500, {}, b"\xff" + b"x" * 5000), NOON)
    assert str(failed.value) == "500 Internal Server Error: \ufffd" + "x" * 299


@pytest.mark.parametrize("url", ["example.org", "ftp://example.org", "javascript:alert(1)"])
def test_an_address_that_is_none_is_refused_when_it_is_entered(url: str) -> None:
    with pytest.raises(ValueError, match="url: must begin with https:// or http://"):
        webhook.TargetConfig(url)
