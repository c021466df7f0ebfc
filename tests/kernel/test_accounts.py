"""What is held, told and counted adds up, whatever a protocol makes of what it was given."""

from hypothesis import given
from hypothesis import strategies as some

from amber.model import Account, Decoded, Event, Item, OutcomeCount, Submission, account_of
from amber.testing.accounts import unbalanced
from amber.wire.accounts import of_dead, of_decoded

CATEGORIES = some.sampled_from(["error", "log", "span"])
NOTES = some.lists(some.tuples(CATEGORIES, some.integers(1, 9)), max_size=6)
"""What the edge noted of each item: its category and quantity."""
END = some.sampled_from([("invalid", "bad"), ("filtered", "noise"), ("rate_limited", "limit"), ("invalid", "http 400")])


def submission(notes: list[tuple[str, int]], dropped: dict[int, tuple[str, str]], dead: str = "") -> Submission:
    meta = {"categories": [name for name, _ in notes], "quantities": [quantity for _, quantity in notes]}
    refused = {
        position: OutcomeCount(1, *notes[position][:1], *end, notes[position][1])
        for position, end in dropped.items()
        if position < len(notes)
    }
    return Submission("s", "tiny", "in", 1, 0.0, meta=meta, dropped=refused, dead=dead)


@some.composite
def decoded(draw: some.DrawFn) -> Decoded:
    """Events, items and outcomes that need not have anything to do with what the edge noted."""
    events = [
        Event(f"{number:032x}", 1, "error", 0, 0, {}, draw(CATEGORIES)) for number in range(draw(some.integers(0, 3)))
    ]
    items = [
        Item(f"s:{number}", "log", draw(CATEGORIES), 1, 0, b"", quantity=draw(some.integers(1, 9)))
        for number in range(draw(some.integers(0, 3)))
    ]
    ends = draw(some.lists(some.tuples(CATEGORIES, END), max_size=3))
    return Decoded(tuple(events), tuple(items), tuple(OutcomeCount(1, category, *end, 2) for category, end in ends))


def stored(decoded: Decoded, later: list[str]) -> list[OutcomeCount]:
    """The outcomes that stores and handlers add for themselves."""
    return [
        *(OutcomeCount(1, event.category, "stored") for event in decoded.events),
        *(
            OutcomeCount(1, item.category, "stored", "", item.quantity)
            for item in decoded.items
            if item.id not in later
        ),
    ]


@given(NOTES, some.dictionaries(some.integers(0, 5), END), decoded(), some.sampled_from([[], ["s:0"]]))
def test_what_was_decoded_is_balanced_whatever_came_of_it(
    notes: list[tuple[str, int]], dropped: dict[int, tuple[str, str]], made: Decoded, later: list[str]
) -> None:
    counts = of_decoded(submission(notes, dropped), made, later)
    assert unbalanced([*counts, *stored(made, later)]) == []


@given(NOTES, some.dictionaries(some.integers(0, 5), END), decoded())
def test_dead_and_sent_again_leaves_what_would_have_been_counted_at_once(
    notes: list[tuple[str, int]], dropped: dict[int, tuple[str, str]], made: Decoded
) -> None:
    died = of_dead(submission(notes, dropped), "plugin")
    assert unbalanced(died) == []
    again = [*of_decoded(submission(notes, dropped, dead="plugin"), made), *stored(made, [])]
    straight = [*of_decoded(submission(notes, dropped), made), *stored(made, [])]
    assert account_of([*died, *again]) == account_of(straight)
    assert sum(one.quantity for one in (*died, *again) if one.outcome == "dead") == 0


def test_each_count_has_one_place_in_the_account() -> None:
    counts = [
        OutcomeCount(1, "error", outcome, reason, quantity)
        for outcome, reason, quantity in (
            ("accepted", "", 11),
            ("stored", "", 7),
            ("filtered", "duplicate", 2),
            ("invalid", "broken", 1),
            ("dead", "scrub", 1),
            ("invalid", "http 413", 20),
            ("rate_limited", "key_limit", 30),
            ("over_quota", "project_cap", 40),
            ("client_discard", "sample_rate", 500),
        )
    ]
    account = account_of(counts)
    assert account == Account(accepted=11, refused=90, ended=11, discarded=500)
    assert (account.received, account.is_balanced, unbalanced(counts)) == (101, True, [])


def test_an_account_that_does_not_add_up_is_named() -> None:
    counts = [OutcomeCount(3, "log", "accepted", "", 2, 7), OutcomeCount(3, "log", "stored", "", 1, 7)]
    assert unbalanced(counts) == ["project 3, log, hour 7: 2 accepted, 1 accounted for"]
