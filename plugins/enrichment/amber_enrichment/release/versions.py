"""The parts of a release: `package@version+build`, where the version may be semantic (semver.org) or anything else."""

import re

from msgspec import Struct

SEMANTIC = re.compile(
    r"v?(?P<core>\d{1,9}(?:\.\d{1,9}){0,3})(?:-(?P<prerelease>[0-9A-Za-z.-]{1,100}))?(?:\+(?P<build>[0-9A-Za-z.-]{1,100}))?"
)


class Release(Struct, frozen=True):
    """A release in parts; what it does not name is empty. `version` has neither prerelease nor build."""

    package: str
    version: str
    prerelease: str = ""
    build: str = ""
    is_semantic: bool = False


def read_release(text: str) -> Release | None:
    """The parts of a release, or None where there is none.

    The package is what stands before the last `@`. A version that is no semantic one is kept whole.
    """
    text = text.strip()
    if not text:
        return None
    package, _, version = text.rpartition("@")
    found = SEMANTIC.fullmatch(version)
    if found is None:
        return Release(package, version)
    return Release(package, found["core"], found["prerelease"] or "", found["build"] or "", is_semantic=True)
