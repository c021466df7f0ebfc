"""The storage plugins keep what `amber.model` promises."""

from amber.testing.contract.blob_store import BlobStoreContract
from amber.testing.contract.event_store import EventStoreContract


class TestEventStore(EventStoreContract):
    pass


class TestBlobStore(BlobStoreContract):
    pass
