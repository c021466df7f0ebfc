"""What a dead letter says of itself, whatever its original holds."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from amber.bus import FACTS, ITEMS, TASKS, Message
from amber.model import Fact, OutcomeCount, Submission
from amber.poison.letters import FIRST, RETRIED, TRIES, About, about, headers_of, mark_of, one_line, read_letter
from amber.testing.targets import news
from amber.wire import frames

NOON = 1_700_000_000.0
META = {"categories": ["error", "attachment", "error"], "event_id": "e" * 32, "client": "sentry.python/2.0"}


def submission(**given: object) -> Submission:
    return Submission("s1", "sentry", "envelope", 7, NOON, meta=META, **given)  # type: ignore[arg-type]  # as given


def original(data: bytes, **given: object) -> Message:
    return Message("ITEMS@1", 9, "amber.v1.item.3", data, delivered=4, **given)  # type: ignore[arg-type]  # as given


def test_a_reason_fits_into_a_header() -> None:
    assert one_line("a\r\nNats-Msg-Id:ü\x00b" + "x" * 9000) == ("a Nats-Msg-Id: b" + "x" * 9000)[:2000]


def test_a_frame_tells_whose_it_is_and_what_it_holds() -> None:
    told = about(ITEMS.name, frames.encode([submission()]))
    assert told == About(7, "e" * 32, ("error", "attachment"), "sentry.python/2.0", received_at=NOON)


def test_what_was_refused_at_the_edge_is_not_in_it() -> None:
    told = about(ITEMS.name, frames.encode([submission(dropped={1: OutcomeCount(7, "attachment", "filtered")})]))
    assert told.items == ("error",)


def test_a_frame_of_several_projects_belongs_to_none() -> None:
    mixed = [submission(), msgspec.structs.replace(submission(), project=8)]
    assert about(ITEMS.name, frames.encode(mixed)).project == 0


def test_facts_and_notifications_tell_what_they_are() -> None:
    fact = Fact("f1", "issue.created", 7, NOON, {"kind": "no"})
    assert about(FACTS.name, msgspec.json.encode(fact)) == About(7, "", ("issue.created",), received_at=NOON)
    task = {"target": 3, "notification": news("n1", "issue.regressed")}
    told = about(TASKS.name, msgspec.json.encode(task))
    assert (told.project, told.items, told.key) == (1, ("issue.regressed",), "3 n1")


@given(
    st.sampled_from([ITEMS.name, FACTS.name, TASKS.name]), st.binary() | st.binary().map(lambda data: b"AMB1" + data)
)
def test_an_original_nobody_can_read_tells_nothing_and_breaks_nothing(stream: str, data: bytes) -> None:
    assert isinstance(about(stream, data), About)


@given(st.text(), st.text(), st.text())
def test_a_letter_reads_what_was_written(reason: str, event: str, client: str) -> None:
    told = About(7, event, ("error", "attachment"), client, "3 n1", NOON)
    headers = headers_of(ITEMS.name, "tiny", reason, original(b"data"), told)
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    letter = read_letter(Message("DEAD@1", 5, "amber.v1.dead.ITEMS.tiny.7", b"", headers, at=NOON))
    assert (letter.id, letter.stream, letter.plugin, letter.subject) == (5, "ITEMS", "tiny", "amber.v1.item.3")
    assert (letter.project, letter.items, letter.key) == (7, ("error", "attachment"), "3 n1")
    assert (letter.received_at, letter.delivered, letter.size, letter.retries) == (NOON, 4, 4, 0)
    assert (letter.reason, letter.first_at) == (one_line(reason), NOON)


def test_a_letter_remembers_the_ones_it_lay_in_before() -> None:
    again = original(b"data", headers={FIRST: "1.5", TRIES: "2", RETRIED: "DEAD@1/5"})
    letter = read_letter(Message("DEAD@1", 6, "s", b"", headers_of("ITEMS", "tiny", "no", again, About()), at=NOON))
    assert (letter.first_at, letter.retries) == (1.5, 2)


def test_a_letter_of_an_older_version_can_be_read() -> None:
    letter = read_letter(Message("DEAD@1", 6, "s", b"", {"Amber-Error": "no", "Amber-Project": "x"}, at=NOON))
    assert (letter.reason, letter.project, letter.first_at) == ("no", 0, NOON)


def test_what_was_handed_back_bears_the_mark_of_its_letter() -> None:
    assert mark_of(original(b"")) == ("ITEMS@1", 9)
    assert mark_of(original(b"", headers={RETRIED: "DEAD@1/5"})) == ("DEAD@1", 5)
    assert mark_of(original(b"", headers={RETRIED: "nonsense"})) == ("ITEMS@1", 9)
