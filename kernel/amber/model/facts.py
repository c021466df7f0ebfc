"""What Amber tells the world that happened."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Fact(Struct, frozen=True):
    """Something that happened.

    `type` reads `noun.past_participle` (`issue.created`); `v` is the version of `data`'s schema, to which fields are
    only ever added; `at` is Unix seconds; `project` is 0 for facts about the whole installation.
    """

    id: str
    type: str
    project: int
    at: float
    data: Mapping[str, Any]
    v: int = 1
