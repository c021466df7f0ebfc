"""People hear of what is new and of what came back, by webhook and by mail, and see what became of each message."""

import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from amber.tables.vault import new_key

from .conftest import ended
from .receivers import Mailbox, Post, Receiver, collecting, receiving
from .running import Running, wait_until
from .wire import envelope, error

pytestmark = pytest.mark.measured

ATTEMPTS = 3
TOML = """\
[outbound]
allowed_networks = ["127.0.0.0/8"]

[worker]
attempts = {attempts}

[plugins.email]
host = "127.0.0.1"
port = {port}
tls = "none"
sender = "amber@shop.example"
"""


class Team(Struct):
    """An Amber, and where its messages arrive."""

    amber: Running
    receiver: Receiver
    mailbox: Mailbox

    @property
    def _targets(self) -> str:
        return f"/projects/{self.amber.project}/targets"

    def target(self, plugin: str, settings: dict[str, Any], **more: Any) -> str:
        """A new target's id."""
        wanted = {"plugin": plugin, "name": f"{plugin} of a test", "settings": settings, **more}
        made = self.amber.api.post(self._targets, json=wanted)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def webhook(self, path: str, secret: str = "", **more: Any) -> str:
        return self.target("webhook", {"url": self.receiver.url(path), "secret": secret}, **more)

    def change(self, target: str, **changes: Any) -> None:
        changed = self.amber.api.patch(f"{self._targets}/{target}", json=changes)
        assert changed.status_code == 200, changed.text

    def attempts(self, target: str) -> list[tuple[int, str, str]]:
        """Number, outcome and words of each try, oldest first."""
        log = self.amber.get(f"{self._targets}/{target}/attempts")["items"]
        return [(one["number"], one["outcome"], one["detail"]) for one in reversed(log)]

    def settled(self, target: str, outcome: str) -> list[tuple[int, str, str]]:
        """The tries, once one of them ended like this."""

        def found() -> Any:
            log = self.attempts(target)
            return log if any(one[1] == outcome for one in log) else None

        log: list[tuple[int, str, str]] = wait_until(found)
        return log

    def break_(self, kind: str) -> str:
        """An event of this kind arrives; its issue's id, once it is counted."""
        event = error(kind)
        headers = {"X-Sentry-Auth": f"Sentry sentry_key={self.amber.key}, sentry_version=7, sentry_client=flow/1.0"}
        sent = self.amber.web.post(f"/api/{self.amber.project}/envelope/", content=envelope(event), headers=headers)
        assert sent.status_code == 200, sent.text
        return str(self.amber.stored(event["event_id"])["issue_id"])

    def post(self, target: str, action: str) -> Any:
        answer = self.amber.api.post(f"{self._targets}/{target}/{action}")
        assert answer.status_code in (200, 202), answer.text
        return answer.json()


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with ExitStack() as stack:
        receiver, mailbox = stack.enter_context(receiving()), stack.enter_context(collecting())
        toml = TOML.format(attempts=ATTEMPTS, port=mailbox.port)
        running = Running(tmp_path_factory.mktemp("notifications") / "data", toml=toml)
        yield Team(stack.enter_context(ended(running)), receiver, mailbox)


@pytest.fixture
def path(team: Team) -> Iterator[str]:
    """A path of the receiver of this test's own; its targets are switched off afterwards."""
    yield f"/{uuid.uuid4().hex}"
    for one in team.amber.get(f"/projects/{team.amber.project}/targets")["items"]:
        team.change(one["id"], is_enabled=False)


def is_signed(post: Post, secret: str) -> bool:
    signed = post.headers["X-Amber-Timestamp"].encode() + b"." + post.body
    ours = "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    embers = "sha256=" + hmac.new(secret.encode(), post.body, hashlib.sha256).hexdigest()
    return (post.headers["X-Amber-Signature"], post.headers["X-Ember-Signature"]) == (ours, embers)


def test_a_new_issue_and_its_return_are_told_once_each_by_webhook_and_mail(team: Team, path: str) -> None:
    hook = team.webhook(path, secret="s3cret")
    mail = team.target("email", {"to": ["ann@example.org", "bob@example.org"]})
    issue = team.break_("NewsOne")
    assert team.settled(hook, "delivered") == [(1, "delivered", "200 OK")]
    assert team.settled(mail, "delivered") == [(1, "delivered", "accepted for 2 addresses")]
    team.break_("NewsOne")  # the same issue once more is no news

    resolved = team.amber.api.patch(f"/issues/{issue}", json={"status": "resolved"})
    assert resolved.status_code == 200, resolved.text
    team.break_("NewsOne")
    wait_until(lambda: len(team.attempts(hook)) == 2 and len(team.attempts(mail)) == 2)

    first, second = team.receiver.got(path)
    assert all(is_signed(post, "s3cret") for post in (first, second))
    assert [post.told["kind"] for post in (first, second)] == ["issue.created", "issue.regressed"]
    assert [post.headers["X-Ember-Event"] for post in (first, second)] == ["new_issue", "regression"]
    assert first.told["issue"]["id"] == second.told["issue"]["id"] == issue
    assert first.told["url"] == f"{team.amber.url}/issues/{issue}"
    title = first.told["title"]
    assert title.startswith("NewsOne")
    subjects = team.mailbox.subjects("NewsOne")
    assert [subject.partition("] ")[2] for subject in subjects] == [f"New: {title}", f"Regressed: {title}"]


def test_a_receiver_that_fails_first_gets_the_message_at_the_second_try(team: Team, path: str) -> None:
    team.receiver.script[path] = [500, 200]
    hook = team.webhook(path)
    team.break_("NewsTwo")
    log = team.settled(hook, "delivered")
    assert log == [(1, "failed", "500 Internal Server Error"), (2, "delivered", "200 OK")]
    first, second = team.receiver.got(path)
    assert first.headers["X-Amber-Delivery"] == second.headers["X-Amber-Delivery"]
    assert first.body == second.body


@pytest.mark.parametrize(
    ("place", "said"),
    [("/broken", "500 Internal Server Error"), ("/elsewhere", "302 Found: redirects are not followed")],
)
def test_a_receiver_that_never_takes_it_ends_among_the_dead_letters(
    team: Team, path: str, place: str, said: str
) -> None:
    own = f"{place}{path}"
    if place == "/broken":
        team.receiver.script[own] = [500]
    hook = team.webhook(own)
    team.break_(f"NewsThree{place[1:]}")
    log = team.settled(hook, "dead")
    assert [(number, outcome) for number, outcome, _ in log] == [(1, "failed"), (2, "failed"), (3, "dead")]
    assert all(detail.startswith(said) for *_, detail in log)
    assert len(team.receiver.got(own)) == ATTEMPTS
    assert team.receiver.got("/stolen") == []
    letters = team.amber.cli_json("dead", "list", "--plugin", "webhook")
    assert letters[-1]["error"].startswith(said)

    team.change(hook, settings={"url": team.receiver.url(f"/mended{path}")})
    dead = team.amber.get(f"/projects/{team.amber.project}/targets/{hook}/attempts")["items"][0]
    team.post(hook, f"attempts/{dead['id']}/again")
    assert team.settled(hook, "delivered")[-1] == (1, "delivered", "200 OK")
    assert letters[-1] not in team.amber.cli_json("dead", "list", "--plugin", "webhook")
    [mended] = team.receiver.got(f"/mended{path}")
    assert mended.body == team.receiver.got(own)[0].body


def test_a_slow_receiver_keeps_nobody_else_waiting(team: Team, path: str) -> None:
    slow, quick = team.webhook(f"/slow{path}"), team.webhook(path)
    team.break_("NewsFour")
    assert team.settled(quick, "delivered") == [(1, "delivered", "200 OK")]
    assert team.attempts(slow) == []
    team.receiver.patience.set()
    assert team.settled(slow, "delivered")[-1][1:] == ("delivered", "200 OK")


def test_a_target_gets_the_news_it_wants_and_none_while_it_is_off(team: Team, path: str) -> None:
    off = team.webhook(f"/off{path}", is_enabled=False)
    returns = team.webhook(f"/returns{path}", kinds=["issue.regressed"])
    on = team.webhook(path)
    team.break_("NewsFive")
    team.settled(on, "delivered")
    assert (team.attempts(off), team.attempts(returns)) == ([], [])
    assert team.receiver.got(f"/off{path}") == team.receiver.got(f"/returns{path}") == []


def test_a_test_message_tells_the_truth(team: Team, path: str) -> None:
    good, bad = team.webhook(path, secret="s3cret"), team.webhook(f"/bad{path}")
    team.receiver.script[f"/bad{path}"] = [404]
    assert team.post(good, "test")["detail"] == "200 OK"
    [post] = team.receiver.got(path)
    assert is_signed(post, "s3cret")
    assert (post.told["kind"], post.told["issue"]) == ("test", None)
    answer = team.post(bad, "test")
    assert (answer["outcome"], answer["detail"]) == ("failed", "404 Not Found")
    assert team.attempts(bad) == [(1, "failed", "404 Not Found")]
    mail = team.target("email", {"to": ["ann@example.org"]})
    assert team.post(mail, "test")["detail"] == "accepted for 1 address"


def test_a_secret_is_nowhere_to_be_read(team: Team, path: str) -> None:
    hook = team.webhook(path, secret="unseen-s3cret")
    shown = team.amber.api.get(f"/projects/{team.amber.project}/targets/{hook}").text
    assert "•••" in shown
    team.change(hook, settings={"url": team.receiver.url(path), "secret": ""})
    kept = [file for file in team.amber.data.glob("amber.db*") if b"unseen-s3cret" in file.read_bytes()]
    assert "unseen-s3cret" not in shown + team.amber.get("/audit").__str__() + team.amber.log()
    assert kept == []
    team.post(hook, "test")
    assert is_signed(team.receiver.got(path)[0], "unseen-s3cret")


def test_a_rotation_needs_the_old_key_once_and_never_again(team: Team, path: str, tmp_path: Path) -> None:
    hook = team.webhook(path, secret="s3cret")
    old = (team.amber.data / "secrets.key").read_text().strip()
    new = new_key()

    def rotate(*keys: str) -> str:
        file = tmp_path / "amber.toml"
        file.write_text(f"[secrets]\nkeys = {json.dumps(keys)}\n")
        done = team.amber.cli("secrets", "rotate", "--config", str(file))
        return done.stdout + done.stderr

    assert "a secret cannot be opened" in rotate(new)
    assert re.fullmatch(r"[1-9]\d* places? with secrets sealed anew\.\n", rotate(new, old))
    assert rotate(new) == "0 places with secrets sealed anew.\n"
    assert rotate(old, new).endswith("sealed anew.\n")  # back to the key that the running Amber has
    team.post(hook, "test")
    assert is_signed(team.receiver.got(path)[0], "s3cret")


def test_a_private_address_is_refused_unless_amber_toml_allows_it(tmp_path: Path) -> None:
    with receiving() as receiver, collecting() as mailbox, ended(Running(tmp_path / "data")) as amber:
        team = Team(amber, receiver, mailbox)
        hook, mail = team.webhook("/private"), team.target("email", {"to": ["ann@example.org"]})
        team.break_("NewsSix")
        words = "127.0.0.1 is a private address: allow it with [outbound] allowed_networks"
        assert team.settled(hook, "dead") == [(1, "dead", words)]
        said = "email is not configured: set [plugins.email] host"
        assert team.settled(mail, "dead") == [(1, "dead", said)]
        assert team.post(mail, "test")["detail"] == said
        assert (receiver.posts, mailbox.mails) == ([], [])


def reply(team: Team, address: str, secret: str, **wish: str) -> int:
    """Answer as a receiver does, signed; what Amber says to it."""
    body, now = json.dumps(wish).encode(), str(int(time.time()))
    digits = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Amber-Timestamp": now, "X-Amber-Signature": f"v1={digits}"}
    return team.amber.web.post(address, content=body, headers=headers).status_code


def status(team: Team, issue: str) -> str:
    return str(team.amber.get(f"/issues/{issue}")["status"])


def dead(team: Team, words: str) -> Any:
    """The dead letters whose reason says so."""
    return [one for one in team.amber.get("/dead-letters")["items"] if words in one["reason"]]


def test_a_receiver_that_answers_resolves_the_issue_it_was_told_of(team: Team, path: str) -> None:
    hook = team.webhook(path, secret="s3cret")
    address = team.amber.get(f"/projects/{team.amber.project}/targets/{hook}")["webhook_url"]
    team.break_("AnsweredOne")
    [post] = wait_until(lambda: team.receiver.got(path))
    issue = post.told["issue"]["id"]

    assert reply(team, address, "s3cret", id="one", action="resolve", issue=issue) == 202
    wait_until(lambda: status(team, issue) == "resolved")
    audit = team.amber.get("/audit")["items"][0]
    assert (audit["actor"], audit["action"]) == (f"token:target-{hook} (webhook of a test)", "issue.change")
    assert (audit["subject"], audit["after"]["status"]) == (f"issue:{issue}", "resolved")

    assert team.amber.api.patch(f"/issues/{issue}", json={"status": "unresolved"}).status_code == 200
    assert reply(team, address, "s3cret", id="one", action="resolve", issue=issue) == 202, "it did not hear our 202"
    assert reply(team, address, "s3cret", id="two", action="assign", issue=issue, assignee="ann@example.org") == 202
    wait_until(lambda: team.amber.get(f"/issues/{issue}")["assignee"] == "ann@example.org")
    assert status(team, issue) == "unresolved", "the same reply is heeded once"


def test_replies_that_prove_nothing_or_reach_too_far_change_nothing(team: Team, path: str) -> None:
    hook = team.webhook(path, secret="s3cret")
    address = team.amber.get(f"/projects/{team.amber.project}/targets/{hook}")["webhook_url"]
    issue = team.break_("AnsweredTwo")
    other = team.amber.api.post("/projects", json={"name": "Other"})
    assert other.status_code == 201, other.text
    theirs = {"plugin": "webhook", "name": "Theirs", "settings": {"url": team.receiver.url("/x"), "secret": "s3cret"}}
    made = team.amber.api.post(f"/projects/{other.json()['id']}/targets", json=theirs).json()

    assert reply(team, address[:-1] + "x", "s3cret", id="a", action="resolve", issue=issue) == 404
    assert team.amber.web.post(address, content=b"x" * 300_000).status_code == 413
    assert reply(team, address, "guessed", id="b", action="resolve", issue=issue) == 202
    assert reply(team, made["webhook_url"], "s3cret", id="c", action="resolve", issue=issue) == 202
    wait_until(lambda: dead(team, "X-Amber-Signature") and dead(team, f"has no issue '{issue}'"))
    assert status(team, issue) == "unresolved"
    [letter] = dead(team, f"has no issue '{issue}'")
    assert (letter["plugin"], letter["project"]) == ("webhook", other.json()["id"])
