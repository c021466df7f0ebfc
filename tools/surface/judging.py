"""What may become of the public surface from one commit to the next: docs/explanation/compatibility.md as a program."""

import re
from collections.abc import Iterator, Mapping
from itertools import accumulate

from msgspec import Struct

from amber.deprecations import series

Surface = Mapping[str, str]
GONE = "is gone: deprecate it (amber.deprecations) and let it warn for a minor series first"
CHANGED = "is not what it was: give what is new a name of its own, and deprecate this one"
ASKED = "asks for more than before: give it a default"
UNTOLD = "is new: name it in backticks in CHANGELOG.md under Unreleased"


class Situation(Struct, frozen=True):
    """What a change is held against: this version, whether one was released before it, and the news told of it."""

    version: str
    is_released: bool
    news: str


def judge(old: Surface, new: Surface, situation: Situation) -> list[str]:
    """What is wrong with this change, a sentence each. Before anything was released names may still go."""
    wrong = [f"{name} {UNTOLD}" for name in _roots(old, new) if not _is_told(name, situation.news)]
    return [*_broken(old, new, situation.version), *wrong] if situation.is_released else wrong


def differences(old: Surface, new: Surface) -> list[str]:
    """The change itself, as lines of a diff."""
    lines = [f"- {name} :: {old[name]}" for name in old if old[name] != new.get(name)]
    return lines + [f"+ {name} :: {new[name]}" for name in new if new[name] != old.get(name)]


def news_of(changelog: str) -> str:
    """What the changelog says of the version that is being made."""
    return re.split(r"^## ", changelog, flags=re.M)[1]


def is_released(changelog: str) -> bool:
    """Whether it tells of a version before the one that is being made."""
    return len(re.findall(r"^## ", changelog, re.M)) > 1


def _broken(old: Surface, new: Surface, version: str) -> Iterator[str]:
    for name in old:
        if name.endswith(" deprecated") or _is_due(old, name, version):
            continue
        if name not in new:
            yield f"{name} {GONE}"
        elif not _fits(old[name], new[name]):
            yield f"{name} {CHANGED} ({old[name]} → {new[name]})"
    for name in new.keys() - old.keys():
        if _is_required(new[name]) and _owner(name) in old and not name.startswith(("hook ", "rpc ")):
            yield f"{name} {ASKED}"


def _is_due(old: Surface, name: str, version: str) -> bool:
    """Whether it, or what it belongs to, has been an error for a whole minor series."""
    told = [old[f"{each} deprecated"] for each in _owners(name) if f"{each} deprecated" in old]
    errors = [found[1] for text in told if (found := re.search(r"an error in ([\d.]+)", text))]
    return any(series(version) > series(each) for each in errors)


def _fits(old: str, new: str) -> bool:
    """Whether whoever relied on the one can live with the other: a default was added, or a value to a closed list."""
    if new == old or new.startswith(f"{old} = "):
        return True
    lists = [set(re.findall(r"'[^']*'", text)) for text in (old, new) if text.startswith("type Literal[")]
    return len(lists) == 2 and lists[0] <= lists[1]


def _is_required(value: str) -> bool:
    return re.match(r"(\d+|named): ", value) is not None and " = " not in value


def _owners(name: str) -> list[str]:
    """The name and what it belongs to, such as `a.B` and `a` of `a.B.c`."""
    return list(accumulate(re.split(r"(?=[.( ])", name), lambda left, right: left + right))


def _owner(name: str) -> str:
    return re.sub(r"(\.\w+|\(\w+\))$", "", name)


def _roots(old: Surface, new: Surface) -> list[str]:
    """What is new, without what belongs to something that is new itself."""
    added = [name for name in new if name not in old]
    return [name for name in added if not any(owner in added for owner in _owners(name)[:-1])]


def _is_told(name: str, news: str) -> bool:
    last = re.split(r"[.( ]", name.rstrip(")").removesuffix(" ->").removesuffix(" <-"))[-1]
    return name.endswith(("->", "<-")) or re.search(rf"`[^`]*\b{re.escape(last)}\b[^`]*`", news) is not None
