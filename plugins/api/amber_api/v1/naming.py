"""How projects get their slug."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import count

from msgspec import Struct

from amber.errors import Reject
from amber.model import AuditEntry, Directory, Project

LONGEST = 50
SLUG = r"^(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$(?!\n)"
"""Lower-case words joined by `-`; one letter at least, since a number names a project by its id."""


class Wanted(Struct, frozen=True):
    """A project somebody wants; without a slug one is made from the name."""

    name: str
    slug: str = ""
    platform: str = "other"


def add_project(directory: Directory, wanted: Wanted, audit: AuditEntry) -> Project:
    """Make the project with its first key in the organisation of `audit`.

    A slug that was asked for and is taken raises `Reject` with 409; one made from the name gets a number.
    """
    slug = wanted.slug or slugified(wanted.name)
    try:
        return directory.add_project(audit.organisation, slug, wanted.name, wanted.platform, audit)
    except Reject as error:
        if error.status != 409 or wanted.slug:
            raise
    taken = {project.slug for project in directory.projects(audit.organisation)}
    free = next(other for other in _numbered(slug) if other not in taken)
    return directory.add_project(audit.organisation, free, wanted.name, wanted.platform, audit)


def _numbered(slug: str) -> Iterator[str]:
    short = slug[: LONGEST - 6].strip("-")
    return (f"{short}-{number}" for number in count(2))


def slugified(name: str) -> str:
    """A slug that reads like the name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")
    return words if re.match(SLUG, words) else f"project-{words}".strip("-")
