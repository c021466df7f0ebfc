"""Answers about fields that came before."""

from amber.model import Json, remembered
from amber.model.repeats import LONGEST_REMEMBERED, REMEMBERED


def test_a_field_that_came_before_is_not_worked_out_again() -> None:
    asked: list[bytes] = []

    @remembered
    def size(field: Json, unit: int) -> int:
        asked.append(field)
        return len(field) // unit

    assert [size(Json(b"[1, 2]"), 1), size(Json(b"[1, 2]"), 1), size(Json(b"[1, 2]"), 2)] == [6, 6, 3]
    assert len(asked) == 2


def test_what_is_remembered_stays_within_bounds() -> None:
    asked: list[bytes] = []

    @remembered
    def work(field: Json) -> None:
        asked.append(field)

    enormous = Json(bytes(LONGEST_REMEMBERED + 1))
    for field in (enormous, enormous, Json(b"first"), *(Json(b"%d" % n) for n in range(REMEMBERED)), Json(b"first")):
        work(field)

    assert asked.count(enormous) == 2
    assert asked.count(b"first") == 2
