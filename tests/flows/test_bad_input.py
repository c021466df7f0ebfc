"""Bad input hears the right status and a clear reason, and costs nobody else anything."""

import gzip
import json
import uuid
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import brotli
import httpx
import pytest

from .running import Running
from .wire import envelope, error

MIB = 1024 * 1024
BOUND = 250
"""MB by which a process's memory may grow, whatever is sent."""
GOOD = envelope(error())
DEEP = b'{"extra":' + b"[" * 10_000 + b"]" * 10_000 + b"}"


def bomb(wbits: int, gigabytes: int) -> bytes:
    """A small body that inflates to so many GB of zeros."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, wbits)
    head = deflate.compress(bytes(MIB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    again = deflate.compress(bytes(MIB)) + deflate.flush(zlib.Z_FULL_FLUSH)  # stands for itself, so it can be repeated
    return head + again * (1024 * gigabytes - 1) + deflate.flush()


def headed(*parts: bytes) -> bytes:
    return b"\n".join((b"{}", *parts))


BODIES: dict[str, tuple[bytes, str, int, str]] = {
    "truncated gzip": (gzip.compress(GOOD)[:-12], "gzip", 400, "cut short"),
    "not gzip": (GOOD, "gzip", 400, "not valid gzip"),
    "empty": (b"", "", 400, "empty"),
    "unknown encoding": (GOOD, "lzma", 415, "encoding"),
    "envelope header that is no JSON": (b"{nothing\n{}", "", 400, "envelope header"),
    "item header that is no JSON": (b'{}\n{"type":\n{}', "", 400, "header of item 1"),
    "event that is no JSON": (headed(b'{"type":"event"}', b'{"message": "half'), "", 400, "event"),
    "event that is a list": (headed(b'{"type":"event"}', b"[1]"), "", 400, "event"),
    "item without its end": (headed(b'{"type":"event","length":900}', b"{}"), "", 400, "unexpected end of file"),
    "501 items": (headed(*([b'{"type":"session","length":2}', b"{}"] * 501)), "", 400, "500 items"),
    "depth 10,000": (headed(b'{"type":"event"}', DEEP), "", 400, "deep"),
    "header of depth 10,000": (DEEP + b"\n", "", 400, "deep"),
    "two events": (headed(*([b'{"type":"event"}', b"{}"] * 2)), "", 413, "event"),
    "event of 2 MB": (headed(b'{"type":"event"}', b'{"message":"%s"}' % (b"x" * 2 * MIB)), "", 413, "size limits"),
}


@pytest.fixture(scope="module")
def bad(amber: Running) -> Iterator[Running]:
    """The shared Amber, which is the same processes afterwards and still takes events."""
    amber.token()
    before = amber.children()
    yield amber
    assert amber.children() == before
    event = error("StillAlive")
    assert send(amber, envelope(event)).status_code == 200
    amber.stored(event["event_id"])


def send(amber: Running, body: Any, encoding: str = "", key: str = "", project: int = 0) -> httpx.Response:
    """An envelope as SDKs send it."""
    headers = {
        "x-sentry-auth": f"Sentry sentry_key={key or amber.key}, sentry_version=7, sentry_client=flow/1.0",
        "origin": "https://shop.example",
        **({"content-encoding": encoding} if encoding else {}),
    }
    return amber.web.post(f"/api/{project or amber.project}/envelope/", content=body, headers=headers)


def is_refused(answer: httpx.Response, status: int, reason: str = "") -> None:
    """The status, and a body and headers that a program and a browser can read."""
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert set(said) == {"detail", "causes"}
    assert reason.lower() in " ".join((said["detail"], *said["causes"])).lower()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "x-sentry-error" in answer.headers["access-control-expose-headers"]


def peak(pid: int) -> int:
    """The most memory a process ever held, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def peaks(amber: Running) -> dict[str, int]:
    return {name: peak(pid) for name, pid in amber.children().items()}


def growth(before: dict[str, int], after: dict[str, int]) -> int:
    return max(after[name] - before[name] for name in before)


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_with_its_reason(bad: Running, name: str) -> None:
    body, encoding, status, reason = BODIES[name]
    is_refused(send(bad, body, encoding), status, reason)


def test_a_wrong_key_is_refused(bad: Running) -> None:
    is_refused(send(bad, GOOD, key=uuid.uuid4().hex), 403, "event submission rejected with_reason")


def test_a_key_of_another_shape_is_refused(bad: Running) -> None:
    is_refused(send(bad, GOOD, key="no-key-at-all"), 401)


def test_a_key_does_not_open_another_project(bad: Running) -> None:
    other = bad.cli_json("project", "create", "Elsewhere")
    is_refused(send(bad, GOOD, project=other["project_id"]), 403, "event submission rejected with_reason")


def test_nothing_goes_in_without_a_key(bad: Running) -> None:
    is_refused(bad.web.post(f"/api/{bad.project}/envelope/", content=GOOD), 401, "missing authorization information")


def test_an_amber_client_with_a_wrong_key_is_refused(bad: Running) -> None:
    sent = {
        "event_id": uuid.uuid4().hex,
        "project_id": str(bad.project),
        "timestamp": "2026-11-22T20:00:00Z",
        "level": "error",
        "exception": {"type": "Problem", "message": "it broke"},
    }
    answer = bad.web.post("/ingest", json=sent, headers={"x-ember-key": uuid.uuid4().hex})
    assert answer.status_code == 401
    assert answer.json()["detail"]
    answer = bad.web.post("/ingest", json={**sent, "level": 7}, headers={"x-ember-key": bad.key})
    assert answer.status_code == 422
    assert "level" in answer.text


@pytest.mark.parametrize(
    ("encoding", "wbits"), [("gzip", 31), ("deflate", 15), ("br", 0)], ids=["gzip", "deflate", "br"]
)
def test_a_bomb_is_refused_before_it_goes_off(bad: Running, encoding: str, wbits: int) -> None:
    body = bomb(wbits, gigabytes=10) if wbits else brotli.compress(bytes(300 * MIB), quality=1)
    assert len(body) < 20 * MIB
    before = peaks(bad)
    is_refused(send(bad, body, encoding), 413, "too large")
    assert growth(before, peaks(bad)) < BOUND


def test_many_bombs_at_once_hold_no_more_memory(bad: Running) -> None:
    body = bomb(31, gigabytes=10)
    before = peaks(bad)
    with ThreadPoolExecutor(8) as senders:
        for answer in senders.map(lambda _: send(bad, body, "gzip"), range(8)):
            is_refused(answer, 413, "too large")
    assert growth(before, peaks(bad)) < BOUND


def test_fifty_megabytes_are_refused(bad: Running) -> None:
    before = peaks(bad)
    is_refused(send(bad, bytes(50 * MIB)), 413, "bytes")
    is_refused(send(bad, (bytes(MIB) for _ in range(50))), 413, "bytes")
    assert growth(before, peaks(bad)) < BOUND


@pytest.mark.parametrize("odd", ["\0", "\ud800", "a\0b\udfffc", "\U0010ffff", "ﷺ" * 100], ids=ascii)
def test_odd_text_is_stored_where_it_can_be(bad: Running, odd: str) -> None:
    event = error("OddText")
    event |= {"message": odd, "tags": {"odd": odd, odd: "x"}, "user": {"id": odd}, "extra": {"odd": odd}, odd: odd}
    assert send(bad, envelope(event)).json() == {"id": event["event_id"]}
    stored = bad.stored(event["event_id"])
    assert stored["title"] == "OddText: it broke"
    assert bad.get(f"/issues/{stored['issue_id']}/grouping")["key"]
    assert bad.api.get(f"/issues/{stored['issue_id']}/events").status_code == 200


def test_a_field_of_the_wrong_type_costs_that_field_alone(bad: Running) -> None:
    event = error("WrongTypes") | {"level": 7, "tags": 5, "user": "me", "timestamp": "soon", "release": {"a": 1}}
    assert send(bad, json.dumps({}).encode() + b"\n" + envelope(event).partition(b"\n")[2]).status_code == 200
    stored = bad.stored(event["event_id"])
    assert stored["title"] == "WrongTypes: it broke"
    assert {"level", "tags", "timestamp", "release"} <= set(stored["data"]["_meta"])
