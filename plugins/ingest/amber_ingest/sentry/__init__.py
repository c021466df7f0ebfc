"""Sentry's ingest protocol: what every Sentry SDK speaks."""

from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from amber import Context, hookimpl
from amber.model import IngestProtocol, IngestRoute, ItemHandler
from amber_ingest.sentry.credentials import credential
from amber_ingest.sentry.decoding import decode
from amber_ingest.sentry.handlers import count_reports, store_attachments
from amber_ingest.sentry.reading import read
from amber_ingest.sentry.replies import CORS, limited, refuse, reply

MIB = 1024 * 1024


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """How much a client may send in one request."""

    max_body: Annotated[
        int, Meta(ge=1, description="Bytes of an event, an envelope or a report as sent, before it is inflated")
    ] = 20 * MIB
    max_upload: Annotated[int, Meta(ge=1, description="Bytes of a minidump or of late attachments as sent")] = 100 * MIB
    max_inflated: Annotated[int, Meta(ge=1, description="Bytes a request may grow to when it is inflated")] = 100 * MIB


@hookimpl
def ingest_protocols(ctx: Context[Config]) -> list[IngestProtocol]:
    """The one protocol, on all its paths."""
    config = ctx.config
    return [
        IngestProtocol(
            name="sentry",
            routes=_routes(config),
            credential=credential,
            read=partial(read, max_inflated=config.max_inflated),
            reply=reply,
            refuse=refuse,
            decode=partial(decode, max_inflated=config.max_inflated),
            cors=CORS,
            limited=limited,
        )
    ]


@hookimpl
def item_handlers() -> list[ItemHandler]:
    """Attachments and client reports; the other types belong to the plugins of their signal."""
    return [ItemHandler(("attachment",), store_attachments), ItemHandler(("client_report",), count_reports)]


def _routes(config: Config) -> tuple[IngestRoute, ...]:
    body, upload = config.max_body, config.max_upload
    return (
        IngestRoute("envelope", "/api/{project}/envelope/", max_body=body),
        IngestRoute("store", "/api/{project}/store/", ("POST", "GET"), body),
        IngestRoute("store_keyed", "/api/store/", ("POST", "GET"), body),
        IngestRoute("security", "/api/{project}/security/", max_body=body),
        IngestRoute("csp_report", "/api/{project}/csp-report/", max_body=body),
        IngestRoute("minidump", "/api/{project}/minidump/", max_body=upload),
        IngestRoute("attachments", "/api/{project}/events/{event_id}/attachments/", max_body=upload),
    )
