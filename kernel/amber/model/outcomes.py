"""How outcomes add up: all that was received was accepted or refused, and all that was accepted met one end."""

from collections.abc import Iterable

from msgspec import Struct

from amber.model.items import OutcomeCount

ACCEPTED, DISCARDED = "accepted", "client_discard"
"""The outcomes of an item that came in, and of one that its client threw away itself."""
ENDS = ("stored", "filtered", "invalid", "unhandled", "dead")
"""What becomes of an accepted item: one of these, once."""
REFUSALS = ("rate_limited", "over_quota")
HTTP = "http "
"""How the reason begins of what the edge refused whole: the status follows."""


def is_refusal(outcome: str, reason: str) -> bool:
    """Whether the edge turned it away; a client that heard 200 was told that its item is accepted."""
    return outcome in REFUSALS or (outcome == "invalid" and reason.startswith(HTTP))


def is_end(outcome: str, reason: str) -> bool:
    """Whether this is what became of an accepted item."""
    return outcome in ENDS and not is_refusal(outcome, reason)


class Account(Struct, frozen=True):
    """Outcomes added up. What clients threw away themselves (`discarded`) was never received."""

    accepted: int = 0
    refused: int = 0
    ended: int = 0
    discarded: int = 0

    @property
    def received(self) -> int:
        """All that reached the edge."""
        return self.accepted + self.refused

    @property
    def is_balanced(self) -> bool:
        """Whether every accepted item met one end; the database at rest is always balanced."""
        return self.accepted == self.ended


def account_of(counts: Iterable[OutcomeCount]) -> Account:
    """The account of these counts."""
    accepted = refused = ended = discarded = 0
    for count in counts:
        if count.outcome == ACCEPTED:
            accepted += count.quantity
        elif count.outcome == DISCARDED:
            discarded += count.quantity
        elif is_refusal(count.outcome, count.reason):
            refused += count.quantity
        else:
            ended += count.quantity
    return Account(accepted, refused, ended, discarded)
