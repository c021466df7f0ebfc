"""Which SDK sent an event."""

from typing import Any

from amber_ingest.normalise.arrival import Arrival
from amber_ingest.normalise.bags import anything, bag
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import Shape, loose_text, text

SDK = Shape(
    "SdkShape",
    {
        "name": text(256),
        "version": loose_text(128),
        "integrations": anything(8192, 2),
        "features": anything(8192, 2),
        "packages": anything(8192, 3),
        "settings": bag(1024, 3),
    },
)


def sdk(value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
    """The SDK's own description of itself."""
    return SDK.apply(value, notes, path)


def default_sdk(data: dict[str, Any], arrival: Arrival) -> None:
    """The client that spoke to us is the SDK, where the event does not name one."""
    known = data.get("sdk") or {}
    if known.get("name") or not arrival.sdk:
        return
    name, _, version = arrival.sdk.partition("/")
    data["sdk"] = {**known, "name": name[:256], "version": version[:128]}
