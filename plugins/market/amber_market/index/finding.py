"""Looks plugins up in indexes."""

from collections.abc import Iterable, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from amber_market.index.shape import Entry, Release

API = 1
"""The hook API of the kernel this plugin runs in: its own, or that kernel would not have started it."""


def found(entries: Iterable[Entry], words: str = "", family: str = "") -> list[Entry]:
    """The plugins of a family (any, if empty) that every word is said of, those named so first."""
    wanted = words.casefold().split()
    fit = [
        entry
        for entry in entries
        if (not family or family in entry.families) and all(word in _said_of(entry) for word in wanted)
    ]
    return sorted(fit, key=lambda entry: (not all(word in _names_of(entry) for word in wanted), entry.title.casefold()))


def _names_of(entry: Entry) -> str:
    return f"{entry.name} {entry.title}".casefold()


def _said_of(entry: Entry) -> str:
    return f"{_names_of(entry)} {entry.summary} {entry.distribution} {' '.join(entry.families)}".casefold()


def newest(releases: Sequence[Release], amber: str, python: str) -> Release | None:
    """The newest release that runs in this Amber on this Python, one that is no trial first; None for none."""
    fit = [one for one in releases if not why_unfit(one, amber, python)]
    return max(fit, key=lambda one: (not Version(one.version).is_prerelease, Version(one.version)), default=None)


def why_unfit(release: Release, amber: str, python: str) -> str:
    """Why a release cannot run here, empty where it can."""
    if release.api != API:
        return f"it speaks plugin API {release.api}, this Amber speaks {API}"
    for what, specifier, here in (("Amber", release.amber, amber), ("Python", release.python, python)):
        try:
            if not SpecifierSet(specifier).contains(here, prereleases=True):
                return f"it needs {what} {specifier}, this is {here}"
        except InvalidSpecifier:
            return f"it needs {what} {specifier}, which nobody understands"
    return ""
