"""What stores promise, held to those that `--plugin` names."""

from amber.testing.contract.audit import AuditContract
from amber.testing.contract.blob_store import BlobStoreContract
from amber.testing.contract.directory import DirectoryContract
from amber.testing.contract.event_store import EventStoreContract
from amber.testing.contract.invitations import InvitationContract
from amber.testing.contract.issue_figures import IssueFiguresContract
from amber.testing.contract.issue_lists import IssueListContract
from amber.testing.contract.issue_model import IssueModelContract
from amber.testing.contract.issue_order import IssueOrderContract
from amber.testing.contract.issue_store import IssueStoreContract
from amber.testing.contract.members import MemberContract
from amber.testing.contract.naming import parametrize as pytest_generate_tests
from amber.testing.contract.people import PeopleContract
from amber.testing.contract.retention import RetentionContract
from amber.testing.contract.sessions import SessionContract
from amber.testing.contract.shelves import StoreContract
from amber.testing.contract.targets import TargetContract
from amber.testing.contract.teams import TeamContract

__all__ = ["pytest_generate_tests"]


class TestAudit(StoreContract, AuditContract):
    role = "directory"


class TestDirectory(StoreContract, DirectoryContract):
    role = "directory"


class TestInvitation(StoreContract, InvitationContract):
    role = "directory"


class TestMember(StoreContract, MemberContract):
    role = "directory"


class TestPeople(StoreContract, PeopleContract):
    role = "directory"


class TestSession(StoreContract, SessionContract):
    role = "directory"


class TestTarget(StoreContract, TargetContract):
    role = "directory"


class TestTeam(StoreContract, TeamContract):
    role = "directory"


class TestBlobStore(StoreContract, BlobStoreContract):
    role = "blob_store"


class TestEventStore(StoreContract, EventStoreContract):
    role = "event_store"


class TestIssueFigures(StoreContract, IssueFiguresContract):
    role = "issue_store"


class TestIssueList(StoreContract, IssueListContract):
    role = "issue_store"


class TestIssueModel(StoreContract, IssueModelContract):
    role = "issue_store"


class TestIssueOrder(StoreContract, IssueOrderContract):
    role = "issue_store"


class TestIssueStore(StoreContract, IssueStoreContract):
    role = "issue_store"


class TestRetention(StoreContract, RetentionContract):
    role = "issue_store"
