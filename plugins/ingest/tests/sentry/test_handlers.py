import json

import pytest

from amber.model import Handled, Item, OutcomeCount
from amber_ingest import sentry

HOUR = 498_715


def handler(item_type: str):
    return next(one.handle for one in sentry.item_handlers() if item_type in one.types)


def attachment(**more) -> Item:
    fields = {"id": "s1:2", "type": "attachment", "category": "attachment", "project": 42, "received_at": HOUR * 3600.0}
    return Item(**{**fields, "payload": b"bytes", "event_id": "a" * 32, **more})


def test_an_attachment_is_kept_with_its_bytes(context):
    headers = {"filename": "a.log", "content_type": "text/plain", "attachment_type": "event.view_hierarchy"}
    assert handler("attachment")([attachment(headers=headers)], context) == [Handled()]
    (row,) = context.role("event_store")
    assert (row.name, row.content_type, row.type, row.size) == ("a.log", "text/plain", "event.view_hierarchy", 5)
    assert row.blob == f"attachments/42/{'a' * 32}/{row.id}"
    assert context.role("blob_store") == {row.blob: b"bytes"}


def test_the_same_attachment_again_has_the_same_place(context):
    handler("attachment")([attachment()], context)
    handler("attachment")([attachment()], context)
    first, again = context.role("event_store")
    assert first == again
    assert len(context.role("blob_store")) == 1


def test_an_event_that_is_sent_again_brings_no_second_copy_of_its_files(context):
    handler("attachment")([attachment(id="s1:2"), attachment(id="s9:1")], context)
    first, again = context.role("event_store")
    assert (first.id, first.blob) == (again.id, again.blob)


@pytest.mark.parametrize(
    "other", [{"payload": b"other"}, {"headers": {"filename": "b.log"}}, {"event_id": "b" * 32}, {"project": 43}]
)
def test_other_files_are_other_attachments(context, other):
    handler("attachment")([attachment(), attachment(**other)], context)
    first, second = context.role("event_store")
    assert first.id != second.id
    assert len(context.role("blob_store")) == 2


def test_an_attachment_of_nothing_is_invalid(context):
    answers = handler("attachment")([attachment(event_id=""), attachment()], context)
    assert [answer.outcome for answer in answers] == ["invalid", "stored"]
    assert len(context.role("event_store")) == 1


def test_headers_an_attachment_lacks_have_defaults(context):
    handler("attachment")([attachment(headers={"filename": 7, "content_type": ""})], context)
    (row,) = context.role("event_store")
    assert (row.name, row.content_type, row.type) == ("unnamed", "application/octet-stream", "event.attachment")


def test_a_name_no_store_could_hold_is_mended(context):
    handler("attachment")([attachment(headers={"filename": "a\ud800b\0.log"})], context)
    (row,) = context.role("event_store")
    assert row.name == "a\ufffdb\ufffd.log"


def report(payload: bytes) -> Handled:
    item = Item("s1:0", "client_report", "internal", 42, HOUR * 3600.0, payload)
    return handler("client_report")([item], None)[0]


def test_a_client_report_is_counted():
    body = {
        "timestamp": 1,
        "discarded_events": [
            {"reason": "queue_overflow", "category": "error", "quantity": 23},
            {"reason": "before_send", "category": "transaction", "quantity": 1},
        ],
        "rate_limited_events": [{"category": "span", "quantity": 2}],
    }
    answer = report(json.dumps(body).encode())
    assert (answer.outcome, answer.counts) == (
        "stored",
        (
            OutcomeCount(42, "error", "client_discard", "queue_overflow", 23, HOUR),
            OutcomeCount(42, "transaction", "client_discard", "before_send", 1, HOUR),
            OutcomeCount(42, "span", "client_discard", "ratelimit_backoff", 2, HOUR),
        ),
    )


@pytest.mark.parametrize(
    "entries",
    [
        None,
        "text",
        [None, 7],
        [{"category": "error"}],
        [{"category": 7, "quantity": 1}],
        [{"category": "error", "quantity": 0}],
        [{"category": "error", "quantity": -5}],
        [{"category": "error", "quantity": 2**40}],
        [{"category": "error", "quantity": "3"}],
        [{"category": "error", "quantity": True}],
    ],
)
def test_entries_that_say_nothing_are_passed_over(entries):
    assert report(json.dumps({"discarded_events": entries}).encode()) == Handled()


@pytest.mark.parametrize("payload", [b"", b"{", b"[]"])
def test_a_client_report_that_is_none_is_invalid(payload):
    assert report(payload).outcome == "invalid"
