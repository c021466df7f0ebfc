"""Nothing that answers 200 is lost, however odd it is: each input with its status and where each of its items ended.

The table in `docs/explanation/durability.md` is this one; the last test compares them.
"""

import gzip
import json
import os
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from .running import Running, wait_until
from .wire import envelope, error

MIB = 1024 * 1024
WRONG = "f" * 32
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "durability.md"
BEGIN, END = "<!-- where bad input ends -->", "<!-- the end of the table -->"


def one(kind: str, payload: bytes, length: int | None = None) -> bytes:
    """An envelope of one item, which may lie about its length."""
    header = {"type": kind, "length": len(payload) if length is None else length}
    return b"\n".join((json.dumps({"event_id": uuid.uuid4().hex}).encode(), json.dumps(header).encode(), payload, b""))


def odd() -> bytes:
    return one("event", b'{"message":"a\\u0000b\\ud800","event_id":"%s"}' % uuid.uuid4().hex.encode())


def with_unknown() -> bytes:
    """An item of a type nobody knows, before a good event."""
    head, item, event = good().split(b"\n")
    return b"\n".join((head, b'{"type":"hologram","length":2}', b"xx", item, event))


def packed_half() -> bytes:
    """A JSON that breaks off, in a gzip body of some size."""
    return gzip.compress(one("event", b'{"message":"%s' % os.urandom(4096).hex().encode()))


def packed_broken() -> bytes:
    """A good event in a gzip body of some size whose checksum is wrong."""
    body = gzip.compress(one("event", b'{"message":"%s"}' % os.urandom(4096).hex().encode()))
    return body[:-8] + bytes(4) + body[-4:]


class Case:
    """One input: what is sent, the status it hears, and how many items it leads to by their ends."""

    def __init__(
        self, body: Callable[[], bytes], status: int, ends: Mapping[str, int] | None = None, encoding: str = ""
    ) -> None:
        self.body, self.status, self.ends, self.encoding = body, status, dict(ends or {}), encoding

    def words(self) -> str:
        """Where it ends, as the documentation says it."""
        if not self.ends:
            return "nothing was in it" if self.status == 200 else "refused with the reason"
        return ", ".join(f"{count} {end}" for end, count in sorted(self.ends.items()))


def good() -> bytes:
    return envelope(error())


def transaction() -> bytes:
    return one("transaction", json.dumps({"type": "transaction", "event_id": uuid.uuid4().hex, "spans": []}).encode())


CASES = {
    "a good event": Case(good, 200, {"stored": 1}),
    "truncated gzip": Case(lambda: gzip.compress(good())[:-12], 400, encoding="gzip"),
    "not gzip, though it says so": Case(good, 400, encoding="gzip"),
    "envelope header that is no JSON": Case(lambda: b"{nope\n{}\n{}\n", 400),
    "item header that is no JSON": Case(lambda: b"{}\n{bad\n{}\n", 400),
    "bad JSON in an event": Case(lambda: one("event", b'{"event_id": broken'), 400),
    "bad JSON in a large event, packed": Case(packed_half, 200, {"invalid": 1}, "gzip"),
    "a large event, packed, with a wrong checksum": Case(packed_broken, 200, {"invalid": 1}, "gzip"),
    "a large event, packed, cut off": Case(lambda: packed_broken()[:-9], 400, encoding="gzip"),
    "event that is a list": Case(lambda: one("event", b"[1,2]"), 400),
    "event without any field": Case(lambda: one("event", b"{}"), 200, {"stored": 1}),
    "item of an unknown type": Case(lambda: one("hologram", b'{"a":1}'), 200, {"unhandled": 1}),
    "a transaction": Case(transaction, 200, {"unhandled": 1}),
    "a session": Case(lambda: one("session", b'{"sid":"1","status":"ok"}'), 200, {"unhandled": 1}),
    "an unknown item and a good event": Case(with_unknown, 200, {"stored": 1, "unhandled": 1}),
    "item that is shorter than it says": Case(lambda: one("event", b'{"a":1}', length=5000), 400),
    "an empty body": Case(lambda: b"", 400),
    "an envelope without items": Case(lambda: b"{}\n", 200),
    "an event of 1.5 MB": Case(lambda: one("event", b'{"message":"%s"}' % (b"x" * 1_500_000)), 413),
    "50 MB": Case(lambda: one("event", bytes(50 * MIB)), 413),
    "50 MB, packed into 50 KB": Case(lambda: gzip.compress(one("event", b" " * 50 * MIB)), 413, encoding="gzip"),
    "NUL and a lone surrogate": Case(odd, 200, {"stored": 1}),
}


def send(amber: Running, project: Mapping[str, Any], body: bytes, encoding: str = "", key: str = "") -> httpx.Response:
    headers = {"x-sentry-auth": f"Sentry sentry_key={key or project['key']}, sentry_version=7"}
    if encoding:
        headers["content-encoding"] = encoding
    return amber.web.post(f"/api/{project['id']}/envelope/", content=body, headers=headers)


def new_project(amber: Running, name: str) -> dict[str, Any]:
    """A project of a test's own, so that its account is that of one input alone."""
    made = amber.api.post("/projects", json={"name": f"{name} {uuid.uuid4().hex[:6]}"}).json()
    [key] = amber.get(f"/projects/{made['id']}/keys")["items"]
    return {"id": made["id"], "key": key["public_key"]}


def account(amber: Running, project: Mapping[str, Any]) -> dict[str, int]:
    """How many items met each end; that they were accepted is no end."""
    found: dict[str, int] = {}
    for total in amber.get(f"/projects/{project['id']}/outcomes")["totals"]:
        if total["outcome"] != "accepted":
            found[total["outcome"]] = found.get(total["outcome"], 0) + total["quantity"]
    return found


@pytest.mark.parametrize("name", CASES)
def test_every_item_that_was_answered_200_has_an_end(amber: Running, name: str) -> None:
    case, project = CASES[name], new_project(amber, name)
    answer = send(amber, project, case.body(), case.encoding)
    assert answer.status_code == case.status, answer.text
    if case.ends:
        wait_until(lambda: sum(account(amber, project).values()) >= sum(case.ends.values()))
        assert account(amber, project) == case.ends


def test_an_event_sent_twice_is_stored_once_and_counted_twice(amber: Running) -> None:
    project, body = new_project(amber, "Twice"), good()
    assert [send(amber, project, body).status_code for _ in range(2)] == [200, 200]
    wait_until(lambda: sum(account(amber, project).values()) >= 2)
    assert account(amber, project) == {"stored": 1, "filtered": 1}


def test_a_wrong_key_is_refused_and_blocks_nobody(amber: Running) -> None:
    project = new_project(amber, "Wrong key")
    for _ in range(20):
        assert send(amber, project, good(), key=WRONG).status_code == 403
    assert send(amber, project, good()).status_code == 200
    wait_until(lambda: account(amber, project).get("stored") == 1)


def test_the_documentation_shows_what_happens() -> None:
    lines = DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0].split("\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    told = {row[0]: (row[1], row[2]) for row in rows[2:]}
    happens = {name: (str(case.status), case.words()) for name, case in CASES.items()}
    assert told == happens | {
        "the same event again": ("200", "1 filtered, as a duplicate"),
        "a wrong key": ("403", "refused with the reason; the right key goes on working"),
    }
