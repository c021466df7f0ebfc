"""Webhooks: whoever knows an address may send anything there, and nothing is done for those who prove nothing."""

from collections.abc import Sequence

import pytest

from amber.errands.webhooks import commands_of
from amber.errors import Reject
from amber.model import Command, WebhookRequest
from amber.plugin.forms import fill
from amber.testing.bench import Bench
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.delivery import settings_for_target
from amber.testing.peer import Peer
from amber.testing.stores import HOSTILE_TEXTS, NOON
from amber.testing.subject import Subject

WISHES = (
    b'{"id": "1", "action": "resolve", "issue": "1"}',
    b'{"action": "resolved", "issue": {"id": "1"}, "data": {"issue": {"id": "1", "status": "closed"}}}',
    b"action=resolve&issue=1",
)
"""What somebody may want who has proved nothing."""
RUBBISH = (b"", b"null", b"[]", b"\x00\xff" * 50, b"[" * 100_000, b"x" * 200_000)
NAMES = ("x-signature", "x-hub-signature-256", "x-amber-signature", "x-amber-timestamp", "x-gitlab-token", "x-id")


def strangers() -> list[WebhookRequest]:
    """Requests of nobody, with hostile words where proofs stand."""
    texts = ("", "v1=", "sha256=", "0", str(int(NOON)), *HOSTILE_TEXTS)
    bare = [WebhookRequest(f"b{number}", NOON, body) for number, body in enumerate((*WISHES, *RUBBISH))]
    dressed = [
        WebhookRequest(f"{name}-{number}", NOON, body, {name: text, "content-type": "application/json"}, {name: text})
        for name in NAMES
        for number, text in enumerate(texts)
        for body in WISHES[:1]
    ]
    every = [
        WebhookRequest(f"e{number}", NOON, WISHES[0], dict.fromkeys(NAMES, text)) for number, text in enumerate(texts)
    ]
    return [*bare, *dressed, *every]


class WebhookContract(Contract):
    suite = "webhook"
    tier = "silver"

    @classmethod
    def fits(cls, subject: Subject) -> bool:
        """Whether it reads what is sent to its targets."""
        return "receive_webhook" in subject.hooks

    def test_who_reads_webhooks_delivers_as_well(self, subject: Subject) -> None:
        assert "deliver" in subject.hooks, "targets, which have the addresses, belong to plugins that answer deliver"

    def test_nothing_is_done_for_those_who_prove_nothing(
        self, bench: Bench, peer: Peer, request: pytest.FixtureRequest
    ) -> None:
        named = dict(one.partition("=")[::2] for one in request.config.getoption("plugin_target"))
        settings = settings_for_target(bench, peer, {**self.target, **named})
        target = fill(bench.kernel.sender.schema(bench.subject.name), settings)
        for sent in strangers():
            found = self._commands(bench, sent, target)
            assert not found, "check what proves the sender before you answer a Command, and raise Reject without it"

    def _commands(self, bench: Bench, sent: WebhookRequest, target: object) -> Sequence[Command]:
        try:
            commands: Sequence[Command] = bench.ask("receive_webhook", commands_of, request=sent, target=target)
        except Reject:  # the right answer
            return ()
        return commands
