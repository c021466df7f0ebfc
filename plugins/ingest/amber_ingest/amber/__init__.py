"""AMBER's ingest protocol: JSON with `x-ember-*` headers."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from msgspec import Meta, Struct

from amber import Context, hookimpl
from amber.model import Handled, IngestProtocol, IngestRoute, Item, ItemHandler
from amber_ingest.amber.decoding import decode
from amber_ingest.amber.reading import CORS, allowance, credential, read, refuse, reply
from amber_ingest.wire.ids import blob_name

MIB = 1024 * 1024


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """How much a client may send in one request."""

    max_body: Annotated[int, Meta(ge=1, description="Bytes of a request as sent, before it is inflated")] = 10 * MIB
    max_inflated: Annotated[int, Meta(ge=1, description="Bytes a request may grow to when it is inflated")] = 20 * MIB


@hookimpl
def ingest_protocols(ctx: Context[Config]) -> list[IngestProtocol]:
    """The one protocol, on its four paths."""
    config = ctx.config
    paths = {"event": "/ingest", **{name: f"/ingest/{name}" for name in ("transaction", "profile", "replay")}}
    return [
        IngestProtocol(
            name="amber",
            routes=tuple(IngestRoute(name, path, max_body=config.max_body) for name, path in paths.items()),
            credential=partial(credential, max_inflated=config.max_inflated),
            read=partial(read, max_inflated=config.max_inflated),
            reply=reply,
            refuse=refuse,
            decode=partial(decode, max_inflated=config.max_inflated),
            cors=CORS,
            allowance=allowance,
        )
    ]


@hookimpl
def item_handlers() -> list[ItemHandler]:
    """The types that wait here for the plugins of their signal."""
    return [ItemHandler(("amber.transaction", "amber.profile", "amber.replay"), hold)]


def hold(items: Sequence[Item], ctx: Context[Any]) -> list[Handled]:
    """Keep each payload in the blob store, under its type, project and id, until a plugin comes for it."""
    blobs = ctx.role("blob_store")
    for item in items:
        blobs.put(f"held/{item.type}/{item.project}/{blob_name(item.id)}", item.payload)
    return [Handled(reason="held") for _ in items]
