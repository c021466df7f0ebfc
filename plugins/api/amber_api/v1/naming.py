"""How projects get their slug."""

import re
import unicodedata
from itertools import count

from amber.errors import Reject
from amber.model import AuditEntry, Directory, Project
from msgspec import Struct

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
    base = wanted.slug or slugified(wanted.name)
    for attempt in count(1):
        slug = base if attempt == 1 else f"{base}-{attempt}"
        try:
            return directory.add_project(audit.organisation, slug, wanted.name, wanted.platform, audit)
        except Reject as error:
            if error.status != 409 or wanted.slug or attempt == LONGEST:
                raise
    raise AssertionError("a count has no end")


def slugified(name: str) -> str:
    """A slug that reads like the name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")
    return words if re.match(SLUG, words) else f"project-{words}".strip("-")
