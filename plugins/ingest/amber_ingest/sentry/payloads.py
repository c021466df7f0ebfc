"""The JSON of payloads, as far as the edge must know it."""

from typing import Any

import msgspec
from msgspec import Struct

from amber.errors import Reject
from amber_ingest.normalise import read_json


class Head(Struct):
    """The few fields the edge needs of an event; whatever they hold."""

    event_id: object = None
    type: object = None


_head = msgspec.json.Decoder(Head).decode


def read_head(payload: bytes, item_type: str) -> Head:
    """The head of a payload that must be a JSON object; raises Reject(400) with the reason where it is not.

    Whole and valid JSON is skipped over without building it; only what breaks JSON's rules takes the tolerant way.
    """
    try:
        return _head(payload)
    except (ValueError, RecursionError):
        value = read_object(payload, item_type)
        return Head(value.get("event_id"), value.get("type"))


def read_object(payload: bytes, what: str) -> dict[str, Any]:
    """The JSON object a payload holds, read tolerantly; raises Reject(400) where it is none."""
    try:
        value = read_json(payload)
    except ValueError as error:
        raise Reject(f"invalid JSON in {what}", causes=(str(error),)) from None
    if not isinstance(value, dict):
        raise Reject(f"invalid {what}: it is no JSON object")
    return value


def write_object(value: dict[str, Any], what: str) -> bytes:
    """A JSON object as bytes again; raises Reject(400) where it is nested too deep."""
    try:
        return msgspec.json.encode(value)
    except RecursionError:
        raise Reject(f"invalid JSON in {what}", causes=("nested too deep",)) from None
