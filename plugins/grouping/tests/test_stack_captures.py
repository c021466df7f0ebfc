"""Events as real SDKs sent them."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec

from amber.model import Event
from amber_grouping.stack import group_events, key_of

ROOT = Path(__file__).resolve().parents[3]
CAPTURES = Path(os.environ.get("AMBER_SHARED", ROOT.parent / "shared")) / "corpus" / "sdk_captures"


def items(envelope: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """The items of an envelope; a payload without length ends at the line's end."""
    found, position = [], envelope.index(b"\n") + 1
    while position < len(envelope):
        end = envelope.index(b"\n", position)
        header = msgspec.json.decode(envelope[position:end])
        stop = end + 1 + header["length"] if "length" in header else envelope.find(b"\n", end + 1)
        stop = len(envelope) if stop < 0 else stop
        found.append((header, envelope[end + 1 : stop]))
        position = stop + 1
    return found


def captured() -> dict[str, Event]:
    """Every event among the captures, in the form the decoder gives it as far as grouping looks at it."""
    found = {}
    for path in sorted(CAPTURES.glob("*.envelope")):
        for header, payload in items(path.read_bytes()):
            if header["type"] in {"event", "feedback"}:
                data = msgspec.json.decode(payload)
                if "message" in data:
                    data["logentry"] = {"formatted": data.pop("message")}
                found[path.stem] = Event(data["event_id"], 1, header["type"], 1.0, 1.0, data)
    return found


def test_there_are_captures() -> None:
    assert len(captured()) >= 10, f"no captures under {CAPTURES}: set AMBER_SHARED to the shared folder"


def test_every_captured_event_is_grouped_by_what_it_holds() -> None:
    for name, event in captured().items():
        [found] = group_events([event])
        assert found.mechanism in {"exception", "stack", "message"}, name
        assert found.key == key_of(found.mechanism, found.version, found.parts), name


def test_captured_events_with_different_errors_are_different_issues() -> None:
    issues = defaultdict(set)
    for event in captured().values():
        if event.chain and all(one.type for one in event.chain):
            issues[group_events([event])[0].key].add(tuple(one.type for one in event.chain))

    assert len(issues) >= 5
    assert all(len(kinds) == 1 for kinds in issues.values())


def test_the_members_of_a_captured_exception_group_are_in_its_parts() -> None:
    [group] = [event for event in captured().values() if len(event.chain) == 3]

    types = [value for what, value in group_events([group])[0].parts if what == "type"]

    assert types == ["TypeError", "ValueError", "ExceptionGroup"]
