"""The directory on SQL."""

from amber_storage.sql.people import People
from amber_storage.sql.projects import Projects


class SqlDirectory(Projects, People):
    """Organisations, projects, people and tokens in tables; see `amber.model.Directory` for the promises."""
