"""Every request that was captured from a real SDK is read, answered and accounted for."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "kernel").is_dir())
CAPTURES = Path(os.environ.get("AMBER_SHARED") or ROOT.parent / "shared") / "corpus" / "sdk_captures"
EVENTS = {"event", "feedback"}


def requests(client):
    """Each capture as a request, encoded as its headers say (the files hold bodies without their encoding)."""
    for path in sorted(CAPTURES.glob("*.json")):
        told = json.loads(path.read_text())
        headers = {name.lower(): value for name, value in told["headers"].items()}
        body = path.with_suffix(".envelope").read_bytes()
        if headers.get("content-encoding") == "gzip":
            body = gzip.compress(body)
        url = urlsplit(told["path"])
        project = url.path.split("/")[2]
        more = {"path": {"project": project}, "query": dict(parse_qsl(url.query))}
        yield path.stem, told["item_types"], client.request(body, headers=headers, **more)


@pytest.fixture(scope="module")
def captured(client):
    found = list(requests(client))
    assert found, f"no captures in {CAPTURES}: set AMBER_SHARED to the folder that holds corpus/sdk_captures"
    return found


def test_there_are_captures_of_each_sdk(captured):
    assert Counter(name.rpartition("_")[0] for name, _, _ in captured) == {
        "python_2_75": 12,
        "node_10_78_0": 13,
        "node_11_12": 13,
    }


def test_every_item_of_every_capture_is_accounted_for(client, captured):
    for name, item_types, request in captured:
        shown = client.protocol.credential(request)
        assert shown.key == client.key, name
        reading = client.read(request, int(shown.project))
        assert [note.type for note in reading.items] == item_types, name
        assert client.protocol.reply(request, reading).status == 200, name
        decoded = client.deliver_as(request, reading, int(shown.project))
        found = [event.type for event in decoded.events] + [item.type for item in decoded.items]
        assert decoded.outcomes == (), name
        assert len(found) == len(item_types), name
        assert len(decoded.events) == sum(kind in EVENTS for kind in item_types), name


def test_no_event_of_a_capture_has_an_error(client, captured):
    for name, _, request in captured:
        reading = client.read(request, int(request.path["project"]))
        for event in client.deliver_as(request, reading, 42).events:
            assert event.id == reading.event_id, name
            assert "errors" not in event.data, (name, event.data["errors"])
            assert event.type in ("error", "default", "feedback"), name
