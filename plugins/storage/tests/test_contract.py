"""The storage plugins keep what `amber.model` promises."""

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
from amber.testing.contract.people import PeopleContract
from amber.testing.contract.retention import RetentionContract
from amber.testing.contract.sessions import SessionContract
from amber.testing.contract.settings import SettingsContract
from amber.testing.contract.targets import TargetContract
from amber.testing.contract.teams import TeamContract


class TestEventStore(EventStoreContract):
    pass


class TestBlobStore(BlobStoreContract):
    pass


class TestIssueStore(IssueStoreContract):
    pass


class TestIssueLists(IssueListContract):
    pass


class TestIssueFigures(IssueFiguresContract):
    pass


class TestIssueModel(IssueModelContract):
    pass


class TestIssueOrder(IssueOrderContract):
    pass


class TestRetention(RetentionContract):
    pass


class TestDirectory(DirectoryContract):
    pass


class TestAudit(AuditContract):
    pass


class TestPeople(PeopleContract):
    pass


class TestMembers(MemberContract):
    pass


class TestInvitations(InvitationContract):
    pass


class TestSessions(SessionContract):
    pass


class TestTeams(TeamContract):
    pass


class TestTargets(TargetContract):
    pass


class TestSettings(SettingsContract):
    pass
