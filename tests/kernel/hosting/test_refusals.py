"""The log of the NATS server is read on from where it was, by one process, and names nobody who was not refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.hosting.refusals import LINE, LOG, Refusals

HEAD = '[7] 2026/11/23 15:13:57.820600 [ERR] 127.0.0.1:52318 - cid:30 - "v2.16.0:python3"'
REFUSED = HEAD + ' - "$G/user:plugin-{}" - Publish Violation - Subject "amber.v1.fact.issue.resolved.1"\n'
GUEST = ("guest", "Publish Violation: amber.v1.fact.issue.resolved.1")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / LOG).write_text(REFUSED.format("before"))
    return tmp_path / LOG


def add(log: Path, text: str) -> None:
    with log.open("a") as out:
        out.write(text)


def test_what_was_refused_before_is_history_and_lines_are_read_whole(log: Path) -> None:
    refusals = Refusals(log.parent)
    assert refusals.fresh() == []
    line = REFUSED.format("guest")
    add(log, "[7] [INF] Reloaded server configuration\n" + line + line[:60])
    assert refusals.fresh() == [GUEST]
    add(log, line[60:])
    assert refusals.fresh() == [GUEST]
    assert refusals.fresh() == []
    refusals.close()


def test_a_new_log_is_read_from_its_beginning(log: Path) -> None:
    refusals = Refusals(log.parent)
    assert refusals.fresh() == []
    add(log, REFUSED.format("guest"))
    log.rename(log.with_suffix(".old"))
    log.write_text(REFUSED.format("other"))
    found = [one for _ in range(3) for one in refusals.fresh()]
    assert [name for name, _ in found] == ["guest", "other"]
    refusals.close()


def test_one_process_reads_and_another_takes_over(log: Path) -> None:
    first, second = Refusals(log.parent), Refusals(log.parent)
    assert (first.fresh(), second.fresh()) == ([], [])
    add(log, REFUSED.format("guest"))
    assert (second.fresh(), first.fresh()) == ([], [GUEST])
    first.close()
    assert second.fresh() == []
    add(log, REFUSED.format("guest"))
    assert (first.fresh(), second.fresh()) == ([], [GUEST])
    second.close()


def test_a_server_that_has_not_begun_its_log_refused_nobody(tmp_path: Path) -> None:
    refusals = Refusals(tmp_path)
    assert refusals.fresh() == []
    (tmp_path / LOG).touch()
    assert refusals.fresh() == []
    add(tmp_path / LOG, REFUSED.format("guest"))
    assert refusals.fresh() == [GUEST]
    refusals.close()


QUOTED = st.text(st.characters(codec="utf-8")).map(lambda text: text.replace("\\", "\\\\").replace('"', '\\"'))


@given(QUOTED.map(lambda text: text.replace("\n", "\\n")))
def test_nobody_is_blamed_for_what_a_client_calls_itself(name: str) -> None:
    blamed = '"v1:x" - "$G/user:plugin-other" - Publish Violation - Subject "a"'.replace('"', '\\"')
    line = (
        HEAD.replace("python3", f"python3:{name}{blamed}")
        + ' - "$G/user:plugin-guest" - Publish Violation - Subject "b"'
    )
    found = LINE.search(line.encode())
    assert found is not None
    assert (found[1], found[3]) == (b"guest", b"b")
