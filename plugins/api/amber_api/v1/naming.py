"""How projects get their slug."""

from msgspec import Struct

from amber.model import LONGEST_SLUG, AuditEntry, Directory, Project, free_slug

SLUG = r"^(?=.*[a-z])(?!new$)[a-z0-9]+(?:-[a-z0-9]+)*$(?!\n)"
"""Lower-case words joined by `-`; one letter at least, since a number names a project by its id, and not `new`, which
is the console's page for making one.
"""
__all__ = ["LONGEST_SLUG", "SLUG", "Wanted", "add_project"]


class Wanted(Struct, frozen=True):
    """A project somebody wants; without a slug one is made from the name."""

    name: str
    slug: str = ""
    platform: str = "other"


def add_project(directory: Directory, wanted: Wanted, audit: AuditEntry) -> Project:
    """Make the project with its first key in the organisation of `audit`.

    A slug that was asked for and is taken raises `Reject` with 409; one made from the name gets a number.
    """
    taken = {project.slug for project in directory.projects(audit.organisation)}
    slug = wanted.slug or free_slug(wanted.name, taken, "project")
    return directory.add_project(audit.organisation, slug, wanted.name, wanted.platform, audit)
