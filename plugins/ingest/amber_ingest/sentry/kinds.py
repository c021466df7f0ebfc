"""Every item type the protocol knows: the category it is counted in, and how much of it one envelope may hold."""

from collections.abc import Sequence
from typing import TypeGuard

from msgspec import Struct

from amber.errors import Reject
from amber.model import ItemNote
from amber_ingest.sentry.envelope import EnvelopeItem

KIB, MIB = 1024, 1024 * 1024
CONTAINER = "application/vnd.sentry.items."
MOBILE = frozenset({"android", "cocoa", "javascript"})


class Kind(Struct, frozen=True):
    """One item type: `max_size` bounds the bytes of all items of the type in one envelope, None means no bound."""

    category: str
    max_size: int | None = MIB
    max_count: int | None = 1
    makes_event: bool = False


KINDS = {
    "event": Kind("error", makes_event=True),
    "transaction": Kind("transaction", makes_event=True),
    "security": Kind("security", makes_event=True),
    "raw_security": Kind("security", makes_event=True),
    "feedback": Kind("feedback", makes_event=True),
    "user_report": Kind("feedback"),
    "form_data": Kind("default"),
    "unreal_report": Kind("error", 40 * MIB),
    "attachment": Kind("attachment", 200 * MIB, 30),
    "session": Kind("session", 10 * MIB, 100),
    "sessions": Kind("session", 10 * MIB, 100),
    "client_report": Kind("internal", 100 * KIB, 100),
    "check_in": Kind("monitor", 100 * KIB),
    "profile": Kind("profile", 50 * MIB),
    "profile_chunk": Kind("profile_chunk", 50 * MIB),
    "profile_chunk_ui": Kind("profile_chunk_ui", 50 * MIB),
    "replay_event": Kind("replay"),
    "replay_recording": Kind("replay", 10 * MIB),
    "replay_video": Kind("replay", 10 * MIB),
    "span": Kind("span", 12 * MIB, 25),
    "log": Kind("log_item", 12 * MIB),
    "trace_metric": Kind("trace_metric", 12 * MIB),
    "metric_buckets": Kind("metric_bucket", 10 * MIB, None),
}
UNKNOWN = Kind("default", None, None)


def kind_of(item_type: str) -> Kind:
    """The kind of an item type; a type nobody has heard of yet is kept without bounds of its own."""
    return KINDS.get(item_type, UNKNOWN)


def note_of(item: EnvelopeItem) -> ItemNote:
    """What the edge knows of an item."""
    return ItemNote(item.type, _category(item), item.length, _quantity(item))


def check_limits(items: Sequence[EnvelopeItem]) -> None:
    """Raise Reject(413) that names the first type of which an envelope holds too much."""
    counts: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for item in items:
        name = item.type
        counts[name] = counts.get(name, 0) + 1
        sizes[name] = sizes.get(name, 0) + item.length
    for name, size in sizes.items():
        kind = kind_of(name)
        if kind.max_size is not None and size > kind.max_size:
            raise Reject(
                f"envelope exceeded size limits for type '{name}': {size} of {kind.max_size} bytes", status=413
            )
        if kind.max_count is not None and counts[name] > kind.max_count:
            raise _too_many(name, counts[name], kind.max_count)
    # One envelope has one event id, so all that become an event share one place.
    events = [name for name in counts if kind_of(name).makes_event]
    if len(events) > 1:
        raise _too_many(events[1], len(events), 1)


def _too_many(name: str, found: int, allowed: int) -> Reject:
    return Reject(f"envelope exceeded count limits for type '{name}': {found} items, {allowed} allowed", status=413)


def _category(item: EnvelopeItem) -> str:
    if item.type == "profile_chunk" and item.headers.get("platform") in MOBILE:
        return "profile_chunk_ui"
    return kind_of(item.type).category


def _quantity(item: EnvelopeItem) -> int:
    """How many things a container says it holds; never more than it has bytes for."""
    count, mime = item.headers.get("item_count"), item.headers.get("content_type")
    is_container = isinstance(mime, str) and mime.startswith(CONTAINER)
    return count if is_container and is_count(count) and count <= item.length else 1


def is_count(value: object) -> TypeGuard[int]:
    """Whether a JSON value is a whole number above zero."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
