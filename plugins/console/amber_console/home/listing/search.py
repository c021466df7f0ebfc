"""The words people search issues with: `is:unresolved level:error release:2.3.1 checkout failed`."""

import re
from collections.abc import Iterator, Mapping
from typing import get_args

from msgspec import Struct, structs

from amber.model import IssueStatus, Level

TOKEN = re.compile(r'([a-z_]+):("[^"]*"|[^\s"/:][^\s]*)(?=\s|$)|"([^"]*)"|(\S+)')
"""A filter, a phrase, or a word. `TypeError: x`, `Foo::bar` and `https://…` are words: people paste titles."""
STATUSES, LEVELS = get_args(IssueStatus), get_args(Level)
KNOWN: Mapping[str, str] = {
    "is": ", ".join((*STATUSES, "regressed", "all")),
    "level": ", ".join(LEVELS),
    "release": "a release, as it was sent",
    "environment": "an environment, as it was sent",
    "assigned": "me, none, an e-mail address, or team:<slug>",
}
"""Every filter with what may follow it."""


class Search(Struct, frozen=True):
    """What a query asks for; `problems` are sentences about what was not understood.

    `assignee` is as it was written: `me` stands for whoever asks.
    """

    status: str = ""
    is_regressed: bool = False
    level: str = ""
    release: str = ""
    environment: str = ""
    assignee: str = ""
    text: str = ""
    problems: tuple[str, ...] = ()


def parse(query: str) -> Search:
    """What `query` asks for; of a filter given twice the last counts, what is not understood becomes a problem."""
    found, words, problems = Search(), [], []
    for key, value in _tokens(query):
        if not key:
            words.append(value)
        elif problem := _problem(key, value):
            problems.append(problem)
        else:
            found = _with(found, key, value)
    return structs.replace(found, text=" ".join(words), problems=tuple(problems))


def _tokens(query: str) -> Iterator[tuple[str, str]]:
    """Each filter as (key, value), and all else as ("", word)."""
    for match in TOKEN.finditer(query):
        key, value, phrase, word = match.groups()
        text = value.strip('"') if key else word if phrase is None else phrase
        if text:
            yield key or "", text


def _problem(key: str, value: str) -> str:
    if key not in KNOWN:
        return f"There is no filter “{key}:”. The filters are {', '.join(f'{name}:' for name in KNOWN)}."
    if key in ("is", "level") and value not in KNOWN[key].split(", "):
        return f"“{key}:” takes {KNOWN[key]}; “{value}” is none of them."
    return ""


def _with(found: Search, key: str, value: str) -> Search:
    match key, value:
        case "is", "regressed":
            return structs.replace(found, is_regressed=True, status="unresolved")
        case "is", _:
            return structs.replace(found, is_regressed=False, status="" if value == "all" else value)
        case "assigned", _:
            return structs.replace(found, assignee=value)
        case _:
            return structs.replace(found, **{key: value})


def with_filter(query: str, key: str, value: str) -> str:
    """`query` with one filter set to `value` instead of whatever it was; without a value it is taken out."""
    kept = [match[0] for match in TOKEN.finditer(query) if match[1] != key]
    quoted = f'"{value}"' if re.search(r"\s", value) or value[:1] in ("/", ":") else value
    return " ".join([f"{key}:{quoted}", *kept] if value else kept)
