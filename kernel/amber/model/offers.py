"""What somebody offers to install: read from a wheel, before any of it is imported or installed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

Rights = Mapping[str, Sequence[str]]


class OfferedPlugin(Struct, frozen=True):
    """A plugin in an offer. `rights` are those its manifest asks for, by kind; `new_rights` those it did not have when
    it was installed before, all of them where it was not. `hooks` are those its manifest says it answers; `inside` is
    what can only be had inside of Amber's own processes, empty for one that can have a process of its own.
    """

    name: str
    title: str
    summary: str
    families: tuple[str, ...]
    api: int
    stability: str
    rights: Rights
    new_rights: Rights
    hooks: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


class Offer(Struct, frozen=True):
    """A distribution that can be installed here, with the plugins in it.

    `wheel` is a copy nobody else touches, `sha256` its hash; `source` is what was asked for. `installed` is the version
    that is there now, empty for none. `pins` are what pip will be given, line by line: the wheel and what it brings
    along, each with its address and hash. `brings` names those that are not here yet.
    """

    source: str
    distribution: str
    version: str
    wheel: Path
    sha256: str
    plugins: tuple[OfferedPlugin, ...]
    requires: tuple[str, ...]
    requires_python: str = ""
    installed: str = ""
    brings: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()


def rights_words(rights: Rights) -> list[str]:
    """What a plugin may do, a sentence for each kind of right it asks for."""
    hosts = list(rights.get("hosts") or ())
    said = {
        "sends requests to any address": hosts if "*" in hosts else [],
        f"sends requests to {_listed(hosts)}": hosts if "*" not in hosts else [],
        f"hears of {_listed(rights.get('facts'))}": rights.get("facts"),
        f"tells of {_listed(rights.get('publish'))}": rights.get("publish"),
        f"keeps tables of its own: {', '.join(rights.get('tables') or ())}": rights.get("tables"),
        f"uses the {_listed(rights.get('roles'))}": rights.get("roles"),
        f"asks the kernel for {_listed(rights.get('kernel'))}": rights.get("kernel"),
    }
    return [sentence for sentence, granted in said.items() if granted]


def _listed(words: Sequence[str] | None) -> str:
    shown = [one.replace("_", " ") if "." not in one else one for one in words or ()]
    return ", ".join(shown[:-1]) + (" and " if len(shown) > 1 else "") + shown[-1] if shown else ""
