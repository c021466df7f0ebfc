"""Deliveries to a receiver in every mood: what it took is a Receipt, everything else a Retry or a Reject."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from amber.errors import AmberError, Reject, Retry
from amber.model import Attempt, FormField, Notification
from amber.model.secrets import Secret
from amber.plugin.forms import fields_of, fill
from amber.testing.bench import Bench
from amber.testing.contract.plugin.base import PATIENCE, Contract
from amber.testing.contract.plugin.fitting import counts_for
from amber.testing.peer import EVERY_PATH, Peer
from amber.testing.stores import HOSTILE_TEXTS
from amber.testing.subject import Subject
from amber.testing.targets import news, target

PATH = "/contract/hook"
CANARY = "canary-5f1c0d"
AFTER = 77
"""Seconds that a receiver asks for."""
FINAL = (400, 401, 403, 404, 410, 413, 422)
PASSING = (408, 425, 429, 500, 502, 503, 504)
MOODS: Mapping[str, Callable[[Peer], None]] = {
    "hangs": lambda peer: peer.hang(EVERY_PATH),
    "closes": lambda peer: peer.close(EVERY_PATH),
    "babbles": lambda peer: peer.babble(EVERY_PATH),
    "redirects": lambda peer: peer.redirect(EVERY_PATH, peer.url("/elsewhere")),
}
"""Receivers that took nothing, whatever it looks like."""
Result = tuple[Attempt, AmberError | None]


def candidates(field: FormField, peer: Peer) -> list[Any]:
    """What may be meant where a target must hold something: an address of the peer's, somebody's, or any words."""
    words = [peer.url(PATH), "ada@example.org", "#errors", "1"]
    if field.kind == "list":
        return [[word] for word in words]
    found: Mapping[str, list[Any]] = {"number": [1], "boolean": [True], "choice": list(field.choices)}
    return found.get(field.kind, words)


def settings_for_target(bench: Bench, peer: Peer, given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that the plugin's TargetConfig takes, which lead to the peer where they hold an address."""
    schema = bench.kernel.sender.schema(bench.subject.name)
    named = {name: _filled(value, peer) for name, value in given.items()}
    needed = [field for field in fields_of(schema) if field.is_required and field.name not in named]
    for number in range(4):
        guess = {field.name: (found := candidates(field, peer))[min(number, len(found) - 1)] for field in needed}
        try:
            fill(schema, {**named, **guess})
        except Reject:
            continue
        return {**named, **guess}
    pytest.fail("say what a target holds: --plugin-target KEY=VALUE, or `target` on the class of the test")


def _filled(value: Any, peer: Peer) -> Any:
    return value.replace("{peer}", peer.url("").rstrip("/")) if isinstance(value, str) else value


class Courier:
    """Sends notifications through the plugin as a worker does."""

    def __init__(self, bench: Bench, peer: Peer, settings: Mapping[str, Any]) -> None:
        self.bench, self.peer, self.settings = bench, peer, settings

    def send(self, notification: Notification) -> Result:
        """One try: how it went, and what it failed with. Fails the test where that is no answer to `deliver`."""
        to = target(plugin=self.bench.subject.name, settings=self.settings)
        attempt, error = self.bench.run(self.bench.kernel.sender.attempt(to, notification))
        assert error is None or isinstance(error, Retry | Reject), (
            f"raise Retry where another try may work and Reject where none can, and nothing else: {attempt.detail}"
        )
        return attempt, error


class DeliveryContract(Contract):
    suite = "delivery"
    tier = "silver"

    @classmethod
    def fits(cls, subject: Subject) -> bool:
        """Whether it delivers."""
        return "deliver" in subject.hooks

    @pytest.fixture
    def courier(self, bench: Bench, peer: Peer, request: pytest.FixtureRequest) -> Courier:
        """The plugin, and a target of its."""
        named = dict(one.partition("=")[::2] for one in request.config.getoption("plugin_target"))
        return Courier(bench, peer, settings_for_target(bench, peer, {**self.target, **named}))

    def test_whatever_is_told_ends_in_an_answer(self, courier: Courier) -> None:
        for text in HOSTILE_TEXTS:
            words = dict.fromkeys(("title", "culprit", "project_name", "project_slug", "level", "short_id"), text)
            courier.send(news(id="n", **words))
            courier.send(news(id="n", kind="test", issue_id="", **words))

    def test_the_same_message_is_the_same_at_every_try(self, courier: Courier) -> None:
        sent = [courier.send(news(id="always-the-same"))[0].outcome for _ in range(2)]
        assert sent[0] == sent[1], "a second try of a notification must go as the first"

    def test_no_secret_is_in_what_people_read(
        self, courier: Courier, peer: Peer, caplog: pytest.LogCaptureFixture
    ) -> None:
        schema = courier.bench.kernel.sender.schema(courier.bench.subject.name)
        secret = {one.name for one in fields_of(schema) if one.kind == "secret"} - courier.settings.keys()
        hidden = {name: Secret(CANARY) for name in secret}
        courier.settings = {**courier.settings, **msgspec.to_builtins(hidden, enc_hook=str)}
        peer.fail(EVERY_PATH)
        with caplog.at_level(logging.DEBUG):
            attempt, _ = courier.send(news())
        assert CANARY not in attempt.detail + caplog.text, (
            "take the secrets of the target out of what you raise and log"
        )


class ReceiverContract(DeliveryContract):
    """Those that deliver over `ctx.http`."""

    @classmethod
    def fits(cls, subject: Subject) -> bool:
        """Whether it sends requests."""
        return "deliver" in subject.hooks and bool(subject.manifest.rights.hosts)

    @pytest.fixture
    def reached(self, courier: Courier, peer: Peer) -> Courier:
        """A courier that was seen to reach the peer."""
        _, error = courier.send(news(id="first"))
        hint = "deliver over ctx.http, and name a target whose address is the peer's: --plugin-target KEY={peer}/path"
        assert peer.requests, f"nothing came to the receiver. {hint} ({error})"
        peer.requests.clear()
        return courier

    def test_one_delivery_is_one_message(self, reached: Courier, peer: Peer) -> None:
        reached.send(news())
        sent = [(one.method, one.host, one.path, one.body) for one in peer.requests]
        assert len(sent) == len(set(sent)), "what the receiver took was sent again: one call of deliver is one message"

    def test_what_was_taken_is_told_with_a_receipt(self, reached: Courier) -> None:
        attempt, error = reached.send(news())
        assert error is None, f"the receiver said 200: answer a Receipt ({attempt.detail})"
        assert attempt.detail, "say in the Receipt what the receiver said"

    @counts_for("gold")
    def test_a_receiver_can_tell_a_repeat(self, reached: Courier, peer: Peer) -> None:
        mark = "the-id-of-this-notification"
        reached.send(news(id=mark))
        told = b"".join(
            one.body + one.path.encode() + "\n".join(one.headers.values()).encode() for one in peer.requests
        )
        assert mark.encode() in told, "send notification.id along (an Idempotency-Key header, a field): tries repeat"

    @pytest.mark.parametrize("status", FINAL + PASSING)
    def test_what_was_refused_is_no_receipt(self, reached: Courier, peer: Peer, status: int) -> None:
        peer.fail(EVERY_PATH, status)
        attempt, error = reached.send(news())
        assert error is not None, f"the receiver said {status}: raise Retry or Reject, this is no Receipt"
        assert str(status) in attempt.detail, f"name the status in what you raise: {attempt.detail}"

    @pytest.mark.parametrize("status", PASSING)
    def test_what_may_pass_is_tried_again(self, reached: Courier, peer: Peer, status: int) -> None:
        peer.fail(EVERY_PATH, status)
        assert isinstance(reached.send(news())[1], Retry), f"{status} may pass: raise Retry, so that it is tried again"

    @pytest.mark.parametrize("mood", MOODS)
    def test_a_receiver_that_takes_nothing_got_nothing(self, reached: Courier, peer: Peer, mood: str) -> None:
        MOODS[mood](peer)
        attempt, error = reached.send(news())
        assert error is not None, "the receiver took nothing: let the Retry of ctx.http pass, and follow no redirect"
        assert attempt.seconds < 4 * PATIENCE, "one request a try: Amber tries again"
        assert peer.got("/elsewhere") == [], "do not follow redirects: they may lead anywhere"

    def test_a_receiver_may_be_slow(self, reached: Courier, peer: Peer) -> None:
        peer.slow(EVERY_PATH, PATIENCE / 5)
        assert reached.send(news())[1] is None, "a slow 200 is a 200"

    def test_a_receiver_may_say_more_than_anybody_reads(self, reached: Courier, peer: Peer) -> None:
        peer.huge(EVERY_PATH)
        attempt, _ = reached.send(news())
        assert len(attempt.detail) <= 1000, "put the first words of an answer into Receipt and Retry, not all of it"

    @counts_for("gold")
    def test_a_receiver_that_names_a_time_is_heard(self, reached: Courier, peer: Peer) -> None:
        peer.limit(EVERY_PATH, AFTER)
        error = reached.send(news())[1]
        hint = "hand the answer's Retry-After on: raise Retry(after=…)"
        assert isinstance(error, Retry), hint
        assert error.after == AFTER, hint
