"""The directory on SQL."""

from amber_storage.sql.audit import AuditLog
from amber_storage.sql.invitations import Invitations
from amber_storage.sql.keys import Keys
from amber_storage.sql.members import Members
from amber_storage.sql.organisations import Organisations
from amber_storage.sql.plugin_settings import Settings
from amber_storage.sql.projects import Projects
from amber_storage.sql.sessions import Sessions
from amber_storage.sql.targets import Targets
from amber_storage.sql.team_links import TeamLinks
from amber_storage.sql.teams import Teams
from amber_storage.sql.tokens import Tokens
from amber_storage.sql.users import Users


class SqlDirectory(
    Organisations,
    Projects,
    Keys,
    Tokens,
    Users,
    Members,
    Invitations,
    Teams,
    TeamLinks,
    Sessions,
    Targets,
    Settings,
    AuditLog,
):
    """Everything that is no event, in tables; see `amber.model.Directory` for the promises."""
