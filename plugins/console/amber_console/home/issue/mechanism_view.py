"""How an exception was caught, in words."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber_console.home.issue.values import Pairs, link, mapping, pairs, spelled

SILENT = ("generic", "chained", "")
"""Mechanisms that say nothing to a person."""


class MechanismView(Struct, frozen=True):
    """`handled` is a word, empty where nobody knows; `details` are signals, codes and what else the SDK tells."""

    handled: str = ""
    type: str = ""
    details: Pairs = ()
    help_link: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """What caught it and the details, one after the other."""
        return (*((f"caught by {self.type}",) if self.type else ()), *(f"{name} {text}" for name, text in self.details))


def mechanism_view(value: object) -> MechanismView:
    """A mechanism in the normal form of events."""
    given = mapping(value)
    words = {False: "unhandled", True: "handled"}
    handled, kind = given.get("handled"), spelled(given.get("type"))
    described = (("description", spelled(given.get("description"))),) if given.get("description") else ()
    return MechanismView(
        handled=words[handled] if isinstance(handled, bool) else "",
        type="" if kind in SILENT else kind,
        details=described + _codes(mapping(given.get("meta"))) + pairs(given.get("data")),
        help_link=link(spelled(given.get("help_link"))),
    )


def _codes(meta: Mapping[str, Any]) -> Pairs:
    titles = {"signal": "signal", "mach_exception": "Mach exception", "errno": "errno", "ns_error": "NSError"}
    told = [(title, _code(mapping(meta.get(field)))) for field, title in titles.items()]
    return tuple((title, text) for title, text in told if text)


def _code(code: Mapping[str, Any]) -> str:
    """A code by name where it has one, its number and what else it says in brackets."""
    name = spelled(code.get("name") or code.get("domain"))
    fields = ("number", "exception", "code_name", "code", "subcode")
    rest = ", ".join(spelled(code[field]) for field in fields if code.get(field) is not None)
    return f"{name} ({rest})" if name and rest else name or rest
