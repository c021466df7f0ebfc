"""The cron URL: one `curl` is a check-in."""

import json
from typing import Any

import msgspec
import pytest

from amber.errors import Reject
from amber.model import Credential, Decoded, IngestRequest, Reading, Submission
from amber_signals.checkins.crons import cron_protocol
from amber_signals.checkins.payloads import CheckIn, read_checkin

KEY = "a" * 32
PROTOCOL = cron_protocol()


def request(query: str = "", body: bytes = b"", key: str = KEY, **headers: str) -> IngestRequest:
    path = {"project": "1", "monitor": "nightly", **({"key": key} if key else {})}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fields = dict(one.split("=", 1) for one in query.split("&") if one)
    return IngestRequest("POST", "cron", path, fields, named, body, "192.0.2.1", 7.0)


def read(*given: Any, **more: Any) -> Reading:
    return PROTOCOL.read(request(*given, **more), 1)


def told(*given: Any, **more: Any) -> CheckIn:
    body = read(*given, **more).body
    assert body is not None
    return read_checkin(body)


def test_a_plain_request_says_that_the_job_is_done_and_well() -> None:
    assert told() == CheckIn("nightly", "nightly", "ok")


def test_the_query_says_more() -> None:
    asked = told(f"status=error&environment=prod&duration=1.5&check_in_id={KEY}&sentry_key={KEY}")
    assert asked == CheckIn("nightly", "nightly", "error", KEY, "prod", 1.5)


def test_a_body_says_more_in_json_or_as_a_form() -> None:
    config = {"schedule": {"type": "crontab", "value": "@daily"}, "timezone": "Europe/Berlin"}
    asked = told(
        "status=ok", json.dumps({"status": "in_progress", "monitor_config": config, "duration": None}).encode()
    )
    assert asked.status == "in_progress"
    assert asked.plan is not None
    assert asked.plan.timezone == "Europe/Berlin"
    form = told("", b"status=error&duration=3", content_type="application/x-www-form-urlencoded")
    assert (form.status, form.duration) == ("error", 3.0)
    curled = told("", b' {"status": "error"}', content_type="application/x-www-form-urlencoded")
    assert curled.status == "error"


def test_a_run_that_begins_is_given_an_id_which_the_answer_tells() -> None:
    reading = read("status=in_progress")
    answer = PROTOCOL.reply(request(), reading)
    assert answer.status == 202
    assert msgspec.json.decode(answer.body)["id"] == told_of(reading).uid != ""
    assert msgspec.json.decode(PROTOCOL.reply(request(), read()).body) == {"id": None}


def told_of(reading: Reading) -> CheckIn:
    assert reading.body is not None
    return read_checkin(reading.body)


@pytest.mark.parametrize(
    ("query", "body", "headers"),
    [
        ("status=well", b"", {}),
        ("duration=long", b"", {}),
        ("", b"{", {}),
        ("", b"[]", {}),
        ("", b"[" * 9999, {}),
        ("", b'{"status": 1}', {}),
        ("", b'{"monitor_config": {"schedule": {"type": "crontab", "value": "daily"}}}', {}),
        ("", b'{"monitor_config": {"schedule": {"type": "crontab", "value": "@daily"}, "timezone": "Mars"}}', {}),
        ("", b"\x1f\x8b", {"content_encoding": "gzip"}),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(query: str, body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(Reject) as refused:
        read(query, body, **headers)
    assert 400 <= refused.value.status < 500
    answer = PROTOCOL.refuse(request(), refused.value.status, refused.value.detail, ())
    assert msgspec.json.decode(answer.body)["detail"] == refused.value.detail


def test_the_key_stands_in_the_path_the_query_or_the_header() -> None:
    wanted = Credential(KEY, "1")
    assert PROTOCOL.credential(request()) == wanted
    assert PROTOCOL.credential(request(f"sentry_key={KEY}", key="")) == wanted
    shown = f"Sentry sentry_version=7, sentry_key={KEY}"
    assert PROTOCOL.credential(request(key="", x_sentry_auth=shown)) == wanted
    with pytest.raises(Reject) as refused:
        PROTOCOL.credential(request(key=""))
    assert refused.value.status == 401


def test_a_worker_finds_the_item_an_sdk_would_have_sent() -> None:
    reading = read("status=error")
    assert reading.body is not None
    submission = Submission("s1", "checkins", "cron", 1, 7.0, body=reading.body)
    [item] = PROTOCOL.decode(submission).items
    assert (item.id, item.type, item.category, item.received_at) == ("s1:0", "check_in", "monitor", 7.0)
    assert PROTOCOL.decode(msgspec.structs.replace(submission, dropped={0: None})) == Decoded()
