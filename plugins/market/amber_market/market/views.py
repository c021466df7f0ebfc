"""What the market's pages show, before it is drawn."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version as installed_version
from platform import python_version
from typing import Any

from msgspec import Struct
from packaging.version import InvalidVersion, Version

from amber_market.index.finding import found, newest, why_unfit
from amber_market.index.rights import beyond, in_words
from amber_market.index.shape import Entry, Release, Screenshot, Tier
from amber_market.market.choosing import Choice, believed, find, together
from amber_market.market.config import Config
from amber_market.market.shelves import Shelf

Installed = Mapping[str, Mapping[str, Any]]
"""The kernel's report of each plugin that is installed, by name."""
PLACES = {
    "inline": "inside of Amber's own processes",
    "process": "in a process of its own, which knows none of Amber's secrets and has a limit of memory",
    "remote": "on another host or in another language, with a login of its own to the bus",
}
"""Where plugins run, for people."""
FAMILIES = {"api": "API", "ingest": "Ingest"}


class Card(Struct, frozen=True):
    """A plugin in the list. `here` is the version that is installed, empty for none."""

    entry: Entry
    release: Release
    index: str
    is_signed: bool
    here: str
    has_update: bool
    unfit: str


class Family(Struct, frozen=True):
    """A family and how many plugins of it the indexes list."""

    name: str
    title: str
    count: int


class Listing(Struct, frozen=True):
    """The list of plugins, and the indexes that are not believed."""

    cards: Sequence[Card]
    families: Sequence[Family]
    troubled: Sequence[Shelf]
    left_out: Sequence[Shelf]
    total: int


class Grant(Struct, frozen=True):
    """What one plugin of a wheel may do; `new` is what the installed version may not."""

    title: str
    rights: Sequence[str]
    new: Sequence[str]


class Detail(Struct, frozen=True):
    """One plugin, in full. `unfit` is why it cannot be installed here, empty where it can."""

    card: Card
    choice: Choice
    tier: Tier
    grants: Sequence[Grant]
    needs: Sequence[str]
    place: str
    pictures: Sequence[Screenshot]
    facts: Mapping[str, Any]


def listing(shelves: Sequence[Shelf], config: Config, words: str, family: str, installed: Installed) -> Listing:
    """What people see who look for these words in this family."""
    cards: dict[str, Card] = {}
    for shelf, index in believed(shelves, config):
        for entry in index.entries:
            cards.setdefault(entry.name, _card(shelf, entry, installed))  # the first index that lists it decides
    fit = [cards[entry.name] for entry in found((card.entry for card in cards.values()), words, family)]
    if not words:
        fit.sort(key=lambda card: (not card.has_update, bool(card.here)))  # what there is to do comes first
    used = {shelf.config.name for shelf, _ in believed(shelves, config)}
    return Listing(
        cards=fit,
        families=_families(card.entry for card in cards.values()),
        troubled=[shelf for shelf in shelves if shelf.refusal],
        left_out=[shelf for shelf in shelves if shelf.index is not None and shelf.config.name not in used],
        total=len(cards),
    )


def detail(shelves: Sequence[Shelf], config: Config, name: str, installed: Installed) -> Detail:
    """What people see of one plugin. Raises Reject where no index lists it."""
    shelf, index, entry = find(shelves, config, name)
    card = _card(shelf, entry, installed)
    choice = Choice(shelf, entry, card.release, tuple(together(index, entry, card.release)))
    return Detail(
        card=card,
        choice=choice,
        tier=card.release.tier,
        grants=[_grant(other, release, installed) for other, release in choice.together],
        needs=card.release.requires,
        place=_place(card.release, installed.get(name, {})),
        pictures=entry.screenshots,
        facts=installed.get(name, {}),
    )


def _card(shelf: Shelf, entry: Entry, installed: Installed) -> Card:
    amber, python = installed_version("amber"), python_version()
    best = newest(entry.versions, amber, python)
    shown = best or entry.versions[0]
    here = str(installed.get(entry.name, {}).get("version", ""))
    return Card(
        entry=entry,
        release=shown,
        index=shelf.config.name,
        is_signed=shelf.is_signed,
        here=here,
        has_update=bool(here) and best is not None and is_newer(best.version, here),
        unfit="" if best is not None else why_unfit(shown, amber, python),
    )


def _place(release: Release, facts: Mapping[str, Any]) -> str:
    """Where a plugin runs, or would, and why there."""
    if facts:
        return PLACES.get(str(facts["isolation"]), str(facts["isolation"]))
    if release.inside:
        return (
            f'{PLACES["inline"]}, since it has {", ".join(release.inside)}: write isolation = "inline" into amber.toml'
        )
    return PLACES["process"]


def sentence(text: str, end: str = ".") -> str:
    """A reason as a sentence of its own; an address it begins with stays as it is."""
    is_word = text[:1].isalpha() and "://" not in text.partition(" ")[0]
    return (text[:1].upper() + text[1:] if is_word else text).rstrip(".") + end


def is_newer(version: str, than: str) -> bool:
    """Whether one version comes after another; one that is none comes after nothing."""
    try:
        return Version(version) > Version(than)
    except InvalidVersion:
        return False


def _families(entries: Iterable[Entry]) -> Sequence[Family]:
    counts: dict[str, int] = {}
    for entry in entries:
        for family in entry.families:
            counts[family] = counts.get(family, 0) + 1
    return [Family(name, FAMILIES.get(name, name.capitalize()), counts[name]) for name in sorted(counts)]


def _grant(entry: Entry, release: Release, installed: Installed) -> Grant:
    known = installed.get(entry.name)
    new = beyond(release.rights, known.get("rights") or {}) if known is not None else []
    return Grant(entry.title, in_words(release.rights), new)
