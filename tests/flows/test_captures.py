"""What real SDKs sent once, sent again: all of it is taken, and what became of each item is told."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from amber.testing.accounts import unbalanced

from .conftest import ended
from .running import Running, wait_until

RECORDED_KEY = b"abcdef0123456789abcdef0123456789"
Totals = Counter[str]


class Capture(msgspec.Struct, frozen=True):
    """One recorded request; `body` is as it was before it was encoded."""

    name: str
    path: str
    headers: dict[str, str]
    item_types: list[str]
    body: bytes

    def request(self, amber: Running) -> httpx.Request:
        """The same request to a project of ours."""
        project, key = amber.project, amber.key
        path = re.sub(r"/api/\d+/", f"/api/{project}/", self.path).replace(RECORDED_KEY.decode(), key)
        header, newline, items = self.body.replace(RECORDED_KEY, key.encode()).partition(b"\n")
        body = re.sub(rb"(@[\w.:]+)/\d+", rb"\1/%d" % project, header) + newline + items
        headers = {name: text.replace(RECORDED_KEY.decode(), key) for name, text in self.headers.items()}
        lower = {name.lower(): text for name, text in headers.items() if name.lower() != "content-length"}
        if lower.get("content-encoding") == "gzip":
            body = gzip.compress(body)
        is_chunked = lower.pop("transfer-encoding", "") == "chunked"
        return httpx.Request("POST", amber.url + path, headers=lower, content=pieces(body) if is_chunked else body)


def pieces(body: bytes) -> Iterator[bytes]:
    """A body in parts, so that it is sent without a Content-Length."""
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


@pytest.fixture(scope="module")
def captures(shared: Path) -> list[Capture]:
    found = sorted((shared / "corpus" / "sdk_captures").glob("*.json"))
    assert found
    return [
        Capture(file.stem, **json.loads(file.read_text()), body=file.with_suffix(".envelope").read_bytes())
        for file in found
    ]


@pytest.fixture(scope="module")
def replayed(captures: list[Capture], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, list[Any]]]:
    """An Amber that was sent every capture, with its answers."""
    with ended(Running(tmp_path_factory.mktemp("captures") / "data")) as amber:
        yield amber, [amber.web.send(capture.request(amber)) for capture in captures]


def received(amber: Running) -> Totals:
    """How many items of each category were answered 200, as the edge counted them."""
    found = re.findall(r'^amber_items_received_total\{category="(\w+)".*\} ([\d.]+)$', amber.metrics(), re.M)
    return Counter({category: int(float(count)) for category, count in found})


def settled(amber: Running) -> Totals:
    """How many items of each category have an outcome; what clients threw away themselves never came."""
    totals: Totals = Counter()
    for (category, outcome), quantity in amber.outcomes().items():
        totals[category] += quantity if outcome != "client_discard" else 0
    return totals


def test_every_capture_is_answered_200(captures: list[Capture], replayed: tuple[Running, list[Any]]) -> None:
    refused = [(one.name, answer.text) for one, answer in zip(captures, replayed[1], strict=True) if answer.is_error]
    assert refused == []
    for capture, answer in zip(captures, replayed[1], strict=True):
        header = json.loads(capture.body.partition(b"\n")[0])
        makes_event = {"event", "transaction", "feedback"} & set(capture.item_types)
        assert answer.json() == ({"id": header["event_id"]} if makes_event else {}), capture.name


def test_every_item_has_an_outcome(captures: list[Capture], replayed: tuple[Running, list[Any]]) -> None:
    amber, _ = replayed
    assert received(amber).total() >= sum(len(capture.item_types) for capture in captures)
    wait_until(lambda: settled(amber).total() >= received(amber).total())
    assert settled(amber) == received(amber)
    assert unbalanced(amber.counts()) == []


def test_nothing_of_it_is_invalid_or_dead(replayed: tuple[Running, list[Any]]) -> None:
    amber, _ = replayed
    wait_until(lambda: settled(amber) == received(amber))
    assert {outcome for _, outcome in amber.outcomes()} <= {"stored", "unhandled", "filtered", "client_discard"}
    assert amber.cli_json("dead", "list") == []


def test_every_recorded_event_is_stored(captures: list[Capture], replayed: tuple[Running, list[Any]]) -> None:
    amber, _ = replayed
    sent = {json.loads(one.body.partition(b"\n")[0])["event_id"] for one in captures if "event" in one.item_types}
    assert sent
    for event_id in sent:
        stored = amber.stored(event_id)
        assert stored["issue_id"], event_id
