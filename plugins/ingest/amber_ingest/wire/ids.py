"""Ids that are made here, and the names of blobs that follow from ids."""

import re
import uuid

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_NAMESPACE = uuid.UUID("7d0d8cf0-5c7a-4f3e-9a3e-61b8f1a5d2c4")


def new_id() -> str:
    """A fresh random event id."""
    return uuid.uuid4().hex


def derived_id(*parts: str) -> str:
    """An id that is always the same for the same parts, and for these alone."""
    return uuid.uuid5(_NAMESPACE, "".join(f"{len(part)}:{part}" for part in parts)).hex


def blob_name(item_id: str) -> str:
    """An item's id as the last part of a blob's key."""
    return _UNSAFE.sub("-", item_id)
