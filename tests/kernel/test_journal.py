import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.poison import journal as module
from amber.poison.journal import Journal, Note, cause_of, code_of, framed, open_journal, read


def hold(journal: Journal, *numbers: int, consumer: str = "digest") -> int:
    key = journal.key()
    journal.hold(key, consumer, "ITEMS@1", numbers)
    return key


def test_who_starts_next_knows_what_its_predecessor_had_in_hand(tmp_path: Path) -> None:
    first = open_journal(tmp_path)
    first.begin()
    done = hold(first, 1, 2)
    hold(first, 7, 8, consumer="FACTS-alerts")
    hold(first, 3)
    first.drop(done)
    first.close()
    death = open_journal(tmp_path).death
    assert death is not None
    assert death.note.hands == (("FACTS-alerts", "ITEMS@1", [7, 8]), ("digest", "ITEMS@1", [3]))
    assert (death.note.is_alone, death.cause) == (False, "was killed, or ended itself")


def test_a_worker_that_ended_well_leaves_nothing_to_learn(tmp_path: Path) -> None:
    first = open_journal(tmp_path)
    first.drop(hold(first, 1))
    first.close()
    assert open_journal(tmp_path).death is None


def test_a_death_is_known_until_it_has_been_told(tmp_path: Path) -> None:
    first = open_journal(tmp_path)
    hold(first, 1)
    first.close()
    for _ in range(2):  # who dies before it could tell leaves the note as it was
        again = open_journal(tmp_path)
        assert again.death is not None
        again.close()
    third = open_journal(tmp_path)
    third.begin()
    assert third.death is None
    third.close()
    assert open_journal(tmp_path).death is None


def test_workers_on_one_folder_have_a_place_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLACES", 2)
    first, second = open_journal(tmp_path), open_journal(tmp_path)
    hold(first, 1)
    hold(second, 2)
    assert open_journal(tmp_path).trace_file is None
    first.close()
    third = open_journal(tmp_path)
    assert third.death is not None
    assert third.death.note.hands == (("digest", "ITEMS@1", [1]),)
    second.close()


async def at_the_end(file: Path) -> Note:
    return read(file.read_bytes()) or Note("", "")


@pytest.mark.anyio
async def test_what_is_under_way_is_noted_while_one_stands_alone(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    file = tmp_path / "workers" / "0.journal"
    key = hold(journal, 1, 2)
    journal.part("0")
    journal.call("p", "enrich_events")
    assert (await at_the_end(file)).plugin == ""
    journal.alone(key, "digest", "ITEMS@1", 2)
    journal.part("3")
    journal.call("p", "enrich_events")
    note = await at_the_end(file)
    assert (note.hands[0][2], note.is_alone, note.plugin, note.hook, note.part) == (
        [2],
        True,
        "p",
        "enrich_events",
        "3",
    )
    journal.call("", "")
    assert ((await at_the_end(file)).plugin, (await at_the_end(file)).part) == ("", "3")
    journal.drop(key)
    assert not (await at_the_end(file)).is_alone


def test_what_stands_there_since_the_machine_went_down_blames_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_journal(tmp_path)
    hold(first, 1)
    first.close()
    monkeypatch.setattr(module, "BOOT", tmp_path / "nothing")
    assert open_journal(tmp_path).death is None


def test_a_full_disk_does_not_keep_a_worker_from_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = open_journal(tmp_path)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    hold(journal, 1)
    assert "the journal cannot be written" in caplog.text


def test_a_journal_without_a_place_notes_nothing() -> None:
    journal = Journal()
    journal.begin()
    hold(journal, 1)
    journal.close()
    assert journal.trace_file is None


@given(st.binary(max_size=64), st.integers(0, 63))
def test_a_note_that_is_not_whole_is_none(rubbish: bytes, cut: int) -> None:
    whole = framed(Note("life", "boot", (("digest", "ITEMS@1", [1, 2, 3]),)))
    note = read(whole + rubbish)
    assert note is not None
    assert note.life == "life"
    assert read(whole[: min(cut, len(whole) - 1)]) is None
    assert read(rubbish) is None or len(rubbish) > 8


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        ("", "was killed, or ended itself"),
        ("Timeout (0:00:30)!\nThread 0x1", "hung for 30 s"),
        ("Timeout (0:01:02.500000)!\n", "hung for 62.5 s"),
        ("Fatal Python error: Segmentation fault\n\nThread", "died of a segmentation fault"),
        ("Fatal Python error: Aborted\n\n", "was aborted, by itself or because it hung"),
    ],
)
def test_a_trace_says_how_a_worker_ended(trace: str, cause: str) -> None:
    assert cause_of(trace) == cause


def test_the_exit_code_of_the_process_that_wrote_the_note_is_named() -> None:
    assert cause_of("", code_of("7 3", 7)) == "ended itself with exit code 3"
    assert cause_of("", code_of("7 -9", 7)) == "was killed by signal 9"
    assert cause_of("", code_of("8 3", 7)) == cause_of("", code_of("", 7)) == "was killed, or ended itself"
