"""What plugins that run elsewhere answer over the bus, and wishes to watch what is asked of plugins."""

import asyncio

import pluggy

from amber.bus.reading import read_json
from amber.errands.hearing import alerts_of
from amber.errands.late import Enrich
from amber.errands.webhooks import Received, commands_of
from amber.errors import AmberError, Reject
from amber.hosting.proxy import Peer, Proxy
from amber.hosting.rpc import HELLO, PluginFailed, answer_of
from amber.metrics import Metrics
from amber.plugin.dispatch import Dispatcher
from amber.plugin.forms import fields_of
from amber.plugin.manifest import Manifest
from amber.testing.memorybus import MemoryBus
from amber.watching.tracing import Tracer

from .decoder import Decoder, Run

REFUSALS = (AmberError, PluginFailed, ValueError)
FORM = b"""{"answer": {"hooks": ["deliver"], "target": [{"name": "url", "description": "where", "kind": "text",
"is_required": true, "default": null, "choices": []}, {"name": "mood", "description": "", "kind": "choice",
"is_required": false, "default": "good", "choices": ["good", "bad"]}]}}"""


def decoders() -> list[Decoder]:
    """One for each answer there is, and one for wishes."""
    return [
        Decoder(
            "hello",
            lambda: _hello,
            REFUSALS,
            seeds=lambda: [
                FORM,
                FORM.replace(b"target", b"config"),
                FORM.replace(b"url", b"a b"),
                FORM.replace(b"url", b"__class__"),
            ],
        ),
        Decoder("enriched", lambda: _answer("enrich_events"), REFUSALS, seeds=_additions),
        Decoder("alerts", lambda: lambda data: alerts_of(answer_of("evaluate_fact", data)), REFUSALS, seeds=_alerts),
        Decoder("commands", _commanded, REFUSALS, seeds=_commands),
        Decoder("webhook task", _received, (Reject,), seeds=_webhooks),
        Decoder("receipt", lambda: _answer("deliver"), REFUSALS, seeds=_receipts),
        Decoder("wish", _wish, (Reject,), seeds=lambda: [b'{"id": "a", "event": "", "hook": "on_fact"}']),
        Decoder("enrich task", lambda: lambda data: read_json(data, Enrich, "a task"), (Reject,), seeds=_tasks),
    ]


def _additions() -> list[bytes]:
    return [b'{"answer": [null, {"tags": {"day": "monday"}}]}', b'{"error": {"kind": "retry", "after": 3}}']


def _alerts() -> list[bytes]:
    return [b'{"answer": [{"title": "it broke", "targets": [1, 2], "key": "a", "page": "/x"}]}', b'{"answer": []}']


def _commands() -> list[bytes]:
    return [b'{"answer": [{"action": "assign", "issue": "7", "assignee": "ann@example.org", "key": "a"}]}']


def _webhooks() -> list[bytes]:
    request = b'{"id": "a", "at": 1.5, "body": "eyJhIjoxfQ==", "headers": {"x-id": "a"}, "query": {}, "client_ip": ""}'
    return [b'{"target": 1, "project": 1, "at": 1.5, "type": "webhook.receive", "request": %s}' % request]


def _receipts() -> list[bytes]:
    return [b'{"answer": {"detail": "taken"}}', b'{"error": {"kind": "failed", "detail": "ValueError: no"}}']


def _tasks() -> list[bytes]:
    return [b'{"project": 1, "ids": ["5b9d7e21f3a44c0f8a9be1d0c2f3a4b5"]}']


def _hello(data: bytes) -> object:
    hello = answer_of(HELLO, data)
    proxy = Proxy(Peer(Manifest("guest", "Guest", "", ("integrations",)), lambda: None), hello)
    return hello, fields_of(proxy.Config), fields_of(proxy.TargetConfig)


def _answer(hook: str) -> Run:
    return lambda data: answer_of(hook, data)


def _commanded() -> Run:
    return lambda data: commands_of(answer_of("receive_webhook", data))


def _received() -> Run:
    return lambda data: read_json(data, Received, "a webhook")


def _wish() -> Run:
    def run(data: bytes) -> None:
        dispatcher = Dispatcher(pluggy.PluginManager("amber"), Metrics())
        asyncio.run(Tracer("edge-1", dispatcher, MemoryBus()).hear("", data))

    return run
