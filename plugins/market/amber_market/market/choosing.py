"""From a name to the one wheel that is meant, and to what saying yes to it means."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib.metadata import version as installed_version
from platform import python_version

import msgspec
from msgspec import Struct

from amber.errors import Reject
from amber_market.index.finding import newest, why_unfit
from amber_market.index.shape import Entry, Index, Release
from amber_market.market.config import Config
from amber_market.market.shelves import Shelf


class Choice(Struct, frozen=True):
    """A release of a plugin, the index that lists it, and every plugin that comes in its wheel."""

    shelf: Shelf
    entry: Entry
    release: Release
    together: tuple[tuple[Entry, Release], ...]

    @property
    def consent(self) -> str:
        """What somebody agrees to, as a short word: this wheel, and these rights of each plugin in it."""
        granted = {entry.name: release.rights for entry, release in self.together}
        return sha256(msgspec.json.encode([self.release.sha256, granted], order="sorted")).hexdigest()[:32]


def believed(shelves: Sequence[Shelf], config: Config) -> Iterator[tuple[Shelf, Index]]:
    """The indexes that may be installed from, the most trusted first."""
    for shelf in shelves:
        if shelf.index is not None and (shelf.is_signed or config.require != "signed"):
            yield shelf, shelf.index


def find(shelves: Sequence[Shelf], config: Config, name: str) -> tuple[Shelf, Index, Entry]:
    """A plugin in the first index that lists it: a less trusted one cannot slip a newer version in. Raises Reject."""
    for shelf, index in believed(shelves, config):
        for entry in index.entries:
            if entry.name == name:
                return shelf, index, entry
    unread = [shelf.refusal for shelf in shelves if shelf.refusal]
    if config.require == "signed" and any(shelf.index is not None and not shelf.is_signed for shelf in shelves):
        unread.append('indexes without a key are left out, as [plugins.market] require = "signed" says')
    raise Reject("; ".join((f"no index lists a plugin {name[:100]!r}", *unread)), status=404)


def choose(shelves: Sequence[Shelf], config: Config, name: str, version: str = "") -> Choice:
    """This version of a plugin, or the newest that runs here. Raises Reject: 404 for none, 409 for none that runs."""
    shelf, index, entry = find(shelves, config, name)
    release = _release(entry, version)
    return Choice(shelf, entry, release, tuple(together(index, entry, release)))


def _release(entry: Entry, version: str) -> Release:
    here = installed_version("amber"), python_version()
    if not version:
        if (best := newest(entry.versions, *here)) is not None:
            return best
        raise Reject(f"{entry.name} cannot run here: {why_unfit(entry.versions[0], *here)}", status=409)
    for release in entry.versions:
        if release.version == version:
            if reason := why_unfit(release, *here):
                raise Reject(f"{entry.name} {version} cannot run here: {reason}", status=409)
            return release
    known = ", ".join(release.version for release in entry.versions[:5])
    raise Reject(f"there is no {entry.name} {version[:100]}; the index lists {known}", status=404)


def together(index: Index, chosen: Entry, wanted: Release) -> Iterator[tuple[Entry, Release]]:
    """The plugins of one wheel, the chosen one first."""
    yield chosen, wanted
    for entry in index.entries:
        if entry.name != chosen.name and entry.distribution == chosen.distribution:
            yield from ((entry, release) for release in entry.versions if release.sha256 == wanted.sha256)
