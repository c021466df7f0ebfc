"""What is installed beside this Amber: the distributions, what they need of each other, the plugins they hold."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import Distribution, distributions, entry_points

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from amber.errors import ConfigError
from amber.installing.wheels import GROUP
from amber.plugin.manifest import Manifest, read_manifest


def installed() -> dict[str, Distribution]:
    """Every distribution by its canonical name; of two with one name the one that is imported."""
    found: dict[str, Distribution] = {}
    for one in distributions():
        if one.metadata["Name"]:  # a folder that an interrupted pip left behind has none
            found.setdefault(canonicalize_name(one.name), one)
    return found


def constraints(site: Mapping[str, Distribution], own: str) -> list[str]:
    """Lines that keep pip from changing anything that is there, apart from the distribution `own`."""
    return [f"{one.name}=={one.version}" for name, one in site.items() if name != own and _is_version(one.version)]


def needs(lines: Iterable[str]) -> list[Requirement]:
    """The requirements that hold on this machine; those of extras are left out."""
    found = []
    for line in lines:
        try:
            one = Requirement(line)
        except InvalidRequirement:  # a distribution that was installed with it has lived with it
            continue
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            found.append(one)
    return found


def broken_by(site: Mapping[str, Distribution], own: str, version: str) -> list[str]:
    """The requirements of others that `own` would not fulfil at this version (empty: not at all), a sentence each."""
    return [
        f"{other.name} needs {need}"
        for name, other in site.items()
        if name != own
        for need in needs(other.requires or ())
        if canonicalize_name(need.name) == own and not (version and need.specifier.contains(version, prereleases=True))
    ]


def owners() -> dict[str, str]:
    """The canonical name of the distribution of every plugin."""
    return {entry.name: canonicalize_name(entry.dist.name) for entry in entry_points(group=GROUP) if entry.dist}


def manifest_of(plugin: str) -> Manifest | None:
    """The manifest of an installed plugin, None where it is not installed or has none that can be read."""
    for entry in entry_points(group=GROUP):
        if entry.name == plugin:
            try:
                return read_manifest(entry)
            except ConfigError:
                return None
    return None


def missing(site: Mapping[str, Distribution], lines: Sequence[str]) -> list[Requirement]:
    """The requirements that what is there does not fulfil."""
    return [
        need
        for need in needs(lines)
        if (one := site.get(canonicalize_name(need.name))) is None
        or not need.specifier.contains(one.version, prereleases=True)
    ]


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
