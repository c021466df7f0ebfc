"""Makes an index of wheels that were read."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from msgspec.structs import replace
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from amber.errors import Reject
from amber.model import Offer, OfferedPlugin
from amber_market.index.shape import LARGEST_SCREENSHOT, Entry, Release, Screenshot, Tier
from amber_market.index.tiers import Tiers

WHEELS, SCREENSHOTS = "wheels", "screenshots"
"""Folders beside an index."""
Pictures = Mapping[str, tuple[Screenshot, ...]]


def entries_of(offers: Iterable[Offer], tiers: Tiers, pictures: Pictures) -> tuple[Entry, ...]:
    """An entry for each plugin in these wheels, by name. Raises Reject where two distributions offer one plugin."""
    found: dict[str, Entry] = {}
    for offer in sorted(offers, key=lambda one: Version(one.version), reverse=True):
        for plugin in offer.plugins:
            fresh = _entry(
                offer, plugin, tiers.get((plugin.name, offer.version), Tier()), pictures.get(plugin.name, ())
            )
            known = found.get(plugin.name, fresh)
            if known.distribution != fresh.distribution:
                raise Reject(f"{known.distribution} and {fresh.distribution} both hold a plugin {plugin.name}")
            earlier = known.versions if known is not fresh else ()
            found[plugin.name] = replace(known, versions=(*earlier, *fresh.versions))
    return tuple(found[name] for name in sorted(found))


def _entry(offer: Offer, plugin: OfferedPlugin, tier: Tier, pictures: tuple[Screenshot, ...]) -> Entry:
    return Entry(
        name=plugin.name,
        title=plugin.title,
        summary=plugin.summary,
        families=plugin.families,
        distribution=offer.distribution,
        versions=(_release(offer, plugin, tier),),
        screenshots=pictures,
    )


def _release(offer: Offer, plugin: OfferedPlugin, tier: Tier) -> Release:
    amber, others = _requirements(offer.requires)
    return Release(
        version=offer.version,
        wheel=f"{WHEELS}/{offer.wheel.name}",
        sha256=offer.sha256,
        size=offer.wheel.stat().st_size,
        api=plugin.api,
        amber=amber,
        python=offer.requires_python,
        requires=others,
        stability=plugin.stability,
        rights={kind: tuple(words) for kind, words in plugin.rights.items()},
        tier=tier,
        inside=plugin.inside,
    )


def _requirements(lines: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The versions of Amber it runs in, and what else it needs; extras are nobody's need yet."""
    amber, others = "", []
    for line in lines:
        try:
            one = Requirement(line)
        except InvalidRequirement:
            raise Reject(f"a wheel needs {line!r}, which is no requirement") from None
        if one.name == "amber":
            amber = str(one.specifier)
        elif "extra" not in str(one.marker or ""):
            others.append(line)
    return amber, tuple(others)


def keep_pictures(project: Path, plugins: Iterable[str], folder: Path) -> Pictures:
    """Copy a project's `screenshots/<plugin>*.png` to where its index will name them; the last part of a file's name
    says what it shows.
    """
    found = {name: sorted((project / SCREENSHOTS).glob(f"{name}*.png")) for name in plugins}
    return {name: tuple(_kept(file, name, folder) for file in files) for name, files in found.items() if files}


def _kept(file: Path, plugin: str, folder: Path) -> Screenshot:
    data = file.read_bytes()
    if len(data) > LARGEST_SCREENSHOT:
        raise Reject(f"{file} has more than {LARGEST_SCREENSHOT >> 20} MB")
    target = folder / SCREENSHOTS / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
    caption = file.stem.removeprefix(plugin).strip("-_").replace("-", " ").capitalize()
    return Screenshot(f"{SCREENSHOTS}/{file.name}", sha256(data).hexdigest(), caption)
