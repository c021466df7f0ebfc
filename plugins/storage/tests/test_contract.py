"""The storage plugins keep what `amber.model` promises."""

from amber.testing.contract.blob_store import BlobStoreContract
from amber.testing.contract.directory import DirectoryContract
from amber.testing.contract.event_store import EventStoreContract
from amber.testing.contract.issue_lists import IssueListContract
from amber.testing.contract.issue_model import IssueModelContract
from amber.testing.contract.issue_store import IssueStoreContract


class TestEventStore(EventStoreContract):
    pass


class TestBlobStore(BlobStoreContract):
    pass


class TestIssueStore(IssueStoreContract):
    pass


class TestIssueLists(IssueListContract):
    pass


class TestIssueModel(IssueModelContract):
    pass


class TestDirectory(DirectoryContract):
    pass
