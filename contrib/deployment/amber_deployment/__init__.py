"""Tags events with what their server's name tells: `web-eu1-blue-07.example.org` is blue, in eu1."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct, field

from amber import Context, hookimpl
from amber.model import Additions, Event

PATTERNS = {
    "colour": r"(?i)(?:^|[-._])(blue|green|canary)(?:[-._]|$)",
    "region": r"(?i)(?:^|[-._])((?:us|eu|ap|sa|af|me|ca)(?:-[a-z]+)?-?\d)",
    "host": r"^([^.]+)",
}
LONGEST = 256
"""Characters of a name that are looked at, so that no name makes a pattern slow."""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """What is read out of a server's name."""

    patterns: Annotated[
        dict[str, str], Meta(description="Regular expression for each tag; the tag holds what its first group finds")
    ] = field(default_factory=PATTERNS.copy)
    prefix: Annotated[str, Meta(description="What the names of the tags begin with")] = "deployment."

    def __post_init__(self) -> None:
        """Refuse what finds nothing."""
        for tag, pattern in self.patterns.items():
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(f"patterns.{tag}: {error}") from None
            if not groups:
                raise ValueError(f"patterns.{tag}: put what the tag should hold into parentheses")


@hookimpl
def enrich_events(events: Sequence[Event], ctx: Context[Config]) -> list[Additions | None]:
    """The tags of each event whose server is known."""
    found = [read_name(server_name(event), ctx.config) for event in events]
    return [Additions(tags=tags) if tags else None for tags in found]


def server_name(event: Event) -> str:
    """The name of the server as its SDK sent it, empty where it did not; in normal form it is a tag."""
    named = (value for key, value in event.data.get("tags") or () if key == "server_name")
    return str(next(named, "") or "")[:LONGEST]


def read_name(name: str, config: Config) -> Mapping[str, str]:
    """What each pattern finds in a name, under the name of its tag."""
    found = ((tag, re.search(pattern, name)) for tag, pattern in config.patterns.items())
    return {f"{config.prefix}{tag}": match[1].lower() for tag, match in found if match is not None and match[1]}
