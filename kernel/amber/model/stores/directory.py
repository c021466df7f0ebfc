"""The directory: everything Amber knows that is no event."""

from typing import Protocol

from amber.model.stores.people import People
from amber.model.stores.projects import Projects
from amber.model.stores.settings import Settings
from amber.model.stores.targets import Targets


class Directory(Projects, People, Targets, Settings, Protocol):
    """Keeps organisations, teams, projects, keys, people, sessions, tokens, targets, plugins' settings and
    the audit log.

    Every change writes its audit entry (with what was there before), and a fact where processes must hear of it
    (`project.changed`, `key.changed`, `token.changed`, `session.changed`, `member.changed`,
    `settings.changed`), in the same transaction.
    Making something whose slug or e-mail is taken raises `Reject(status=409)`.
    """
