"""Keeps attachments and other large bytes as files in the plugin's data folder."""

from typing import Any

from amber import Context, hookimpl
from amber.model import BlobStore
from amber_storage.files.blobs import FileBlobStore


@hookimpl
def blob_store(ctx: Context[Any]) -> BlobStore:
    """Bytes under keys."""
    return FileBlobStore(ctx.data)
