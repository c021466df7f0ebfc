"""Who did something, and who an issue can be given to, by the names people know them by."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from amber.model import Member, Team, Token

ACTOR = re.compile(r"(user|token):([1-9][0-9]{0,17})")
OTHERS: Mapping[str, str] = {"cli": "The command line", "system": "Amber"}
TEAM = "team:"


class Choice(Struct, frozen=True):
    """Somebody an issue can be given to; `value` is what is stored: an e-mail address, or `team:` and a slug."""

    value: str
    label: str


class Names(Struct, frozen=True):
    """The people, teams and tokens of an organisation."""

    members: Sequence[Member]
    teams: Sequence[Team]
    tokens: Sequence[Token] = ()

    def actor(self, actor: str) -> str:
        """Who the audit log means by `user:3`, `token:5` or `cli`."""
        found = ACTOR.fullmatch(actor)
        if found is None:
            return OTHERS.get(actor.partition(":")[0], actor)
        number = int(found[2])
        if found[1] == "token":
            token = next((one for one in self.tokens if one.id == number), None)
            return f"The token {token.name}" if token is not None and token.name else "A token"
        user = next((one.user for one in self.members if one.user.id == number), None)
        return (user.name or user.email) if user is not None else "Somebody who left"

    def assignee(self, value: str) -> str:
        """Who an issue's assignee is; whoever is not known any more keeps what is stored."""
        known = {one.value: one.label for one in (*self.people(), *self.groups())}
        return known.get(value, value)

    def people(self) -> tuple[Choice, ...]:
        """Every member."""
        return tuple(Choice(one.user.email, one.user.name or one.user.email) for one in self.members)

    def groups(self) -> tuple[Choice, ...]:
        """Every team."""
        return tuple(Choice(TEAM + one.slug, one.name or one.slug) for one in self.teams)
