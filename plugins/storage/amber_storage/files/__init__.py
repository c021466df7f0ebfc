"""Keeps attachments and other large bytes as files in the plugin's data folder."""

from typing import Any

from amber import Context, hookimpl
from amber.model import BlobStore
from amber_storage.files.blobs import FileBlobStore

AN_HOUR = 3600.0
"""No blob takes this long to write; whatever is older and unfinished was left by a crash."""


@hookimpl
def plugin_start(ctx: Context[Any]) -> None:
    """Clear away what crashes left half-written."""
    swept = FileBlobStore(ctx.data).sweep(ctx.now() - AN_HOUR)
    if swept:
        ctx.log.info("removed %d half-written files", swept)


@hookimpl
def blob_store(ctx: Context[Any]) -> BlobStore:
    """Bytes under keys."""
    return FileBlobStore(ctx.data)
