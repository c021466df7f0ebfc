"""Bodies and their dictionaries: whatever is learnt, and by whom, what was written can be read."""

import os
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select, update

from amber.errors import Unavailable
from amber.model import GroupedEvent
from amber.testing.stores import NOON, event
from amber_storage.sql import schema
from amber_storage.sql.bodies import dictionary_of, packed, trained, unpacked
from amber_storage.sql.dictionaries import Dictionaries, Dictionary
from amber_storage.sql.events import SqlEventStore
from amber_storage.sql.learning import SAMPLES, learn
from amber_storage.sql.transactions import Transactions

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
BODIES = st.lists(st.dictionaries(st.text(), VALUES | st.lists(VALUES), max_size=5), max_size=5)


def alike(kind: str, how_many: int, start: int = 0) -> list[GroupedEvent]:
    """Events whose bodies have much in common, and little with those of another kind."""
    chosen = random.Random(kind)
    code = [f"{chosen.getrandbits(160):x} = {kind}({chosen.getrandbits(80):x})" for _ in range(30)]
    return [
        event(1, kind, NOON + number, extra={"code": code, "number": number, "local": os.urandom(8).hex()})
        for number in range(start, start + how_many)
    ]


def bodies(engine: Engine) -> list[bytes]:
    """All bodies, in the order in which they were written."""
    with engine.connect() as connection:
        return [bytes(body) for body in connection.execute(select(schema.events.c.body).order_by("number")).scalars()]


def known(engine: Engine) -> list[int]:
    """The generations of project 1's dictionaries."""
    with engine.connect() as connection:
        found = select(schema.dictionaries.c.generation).where(schema.dictionaries.c.project == 1)
        return list(connection.execute(found.order_by("generation")).scalars())


def assert_readable(store: SqlEventStore, events: Sequence[GroupedEvent]) -> None:
    for each in events:
        found = store.get_event(each.event.project, each.event.id)
        assert found is not None
        assert found.data == each.event.data


@settings(max_examples=30, deadline=None)
@given(before=BODIES, after=BODIES, seed=st.integers(0, 2**32))
def test_any_body_comes_back_the_same_with_a_dictionary_and_without(
    before: list[dict[str, Any]], after: list[dict[str, Any]], seed: int
) -> None:
    chosen = random.Random(seed)
    first, second = (trained([chosen.randbytes(20) * 5 for _ in range(50)], 1024) for _ in range(2))
    assert first is not None
    assert second is not None
    dictionaries = {0: None, first.dict_id(): first, second.dict_id(): second}
    for dictionary, data in ((None, before), (first, before + after), (second, after)):
        made = [event(1, "key", extra=each).event for each in data]
        for body, each in zip(packed(made, {1: dictionary} if dictionary else {}), made, strict=True):
            assert dictionary_of(body) == (dictionary.dict_id() if dictionary else 0)
            assert unpacked(body, dictionaries[dictionary_of(body)]) == each.data


def test_a_project_learns_from_its_bodies_and_packs_them_smaller(engine: Engine) -> None:
    store = SqlEventStore(engine)
    early, late = alike("shop", SAMPLES), alike("shop", 10, SAMPLES)
    other = event(2, "key", extra={"other": "project"})
    store.write_events(early[:-1])
    assert known(engine) == []
    store.write_events([*early[-1:], other])
    assert known(engine) == [1]
    store.write_events(late)
    sizes = [len(body) for body in bodies(engine)]
    assert max(sizes[-10:]) < 0.2 * min(sizes[:SAMPLES])
    assert_readable(store, [*early, *late, other])
    assert_readable(SqlEventStore(engine), [*early, *late, other])


def test_what_was_written_stays_readable_when_a_project_learns_anew(engine: Engine) -> None:
    store, database = SqlEventStore(engine), Transactions(engine)
    written: list[GroupedEvent] = []
    for generation, kind in enumerate(("shop", "blog", "bank"), 1):
        written += (made := alike(kind, SAMPLES))
        store.write_events(made)
        learn(database, Dictionaries(database), 1, range(len(written) - SAMPLES + 1, len(written) + 1))
        store.write_events(made[:1])  # in whose transaction it hears of the new dictionary
        assert known(engine) == list(range(1, generation + 1))
        written += (made := alike(kind, 3, SAMPLES))
        store.write_events(made)
    assert len({dictionary_of(body) for body in bodies(engine)}) == 4
    for reader in (store, SqlEventStore(engine)):
        assert_readable(reader, written)


def test_a_dictionary_that_packs_no_better_is_let_go(engine: Engine) -> None:
    store, database = SqlEventStore(engine), Transactions(engine)
    store.write_events(alike("shop", SAMPLES))
    store.write_events(alike("shop", SAMPLES, SAMPLES))
    assert not learn(database, Dictionaries(database), 1, range(1, 2 * SAMPLES))
    assert known(engine) == [1]


def test_bodies_without_anything_in_common_get_no_dictionary(engine: Engine) -> None:
    store = SqlEventStore(engine)
    store.write_events([event(1, "key", extra={"noise": os.urandom(3000).hex()}) for _ in range(SAMPLES)])
    assert known(engine) == []


def test_of_two_workers_that_learn_at_once_the_later_uses_the_dictionary_of_the_first(engine: Engine) -> None:
    database, late = Transactions(engine), Dictionaries(Transactions(engine))
    assert late.newest([1]) == {1: Dictionary()}
    store = SqlEventStore(engine)
    store.write_events(alike("shop", SAMPLES))
    assert not learn(database, late, 1, range(1, SAMPLES + 1))
    assert known(engine) == [1]
    assert late.newest([1])[1].generation == 1


def test_a_worker_hears_of_what_another_has_learnt(engine: Engine) -> None:
    one, other = SqlEventStore(engine), SqlEventStore(engine)
    other.write_events(alike("shop", 1))
    one.write_events(alike("shop", SAMPLES, 1))
    for number in range(2):
        other.write_events(alike("shop", 1, 500 + number))
    assert [dictionary_of(body) != 0 for body in bodies(engine)[-2:]] == [False, True]


def test_no_body_is_written_whose_dictionary_is_gone(engine: Engine) -> None:
    store = SqlEventStore(engine)
    store.write_events(alike("shop", SAMPLES))
    store.write_events(alike("shop", 1, 300))
    with engine.begin() as connection:  # as a database does that is put back to an earlier state
        connection.execute(delete(schema.events).where(schema.events.c.number > SAMPLES))
        connection.execute(delete(schema.dictionaries))
    again = alike("shop", 2, 400)
    with pytest.raises(Unavailable, match="gone"):
        store.write_events(again)
    assert len(bodies(engine)) == SAMPLES
    store.write_events(again)
    assert [dictionary_of(body) for body in bodies(engine)[-2:]] == [0, 0]
    assert_readable(store, again)


def test_a_body_whose_dictionary_is_not_there_says_so(engine: Engine) -> None:
    store = SqlEventStore(engine)
    store.write_events(alike("shop", SAMPLES))
    made = alike("shop", 1, 300)
    store.write_events(made)
    with engine.begin() as connection:
        (id,) = connection.execute(select(schema.dictionaries.c.id)).scalars()
        connection.execute(delete(schema.dictionaries))
    with pytest.raises(Unavailable, match=f"dictionary {id}, which is not in the table"):
        SqlEventStore(engine).get_event(1, made[0].event.id)


def test_an_id_that_another_project_has_taken_is_not_given_twice(engine: Engine) -> None:
    store, database = SqlEventStore(engine), Transactions(engine)
    store.write_events(alike("shop", SAMPLES))
    with engine.begin() as connection:
        connection.execute(update(schema.dictionaries).values(project=2))
    assert not learn(database, Dictionaries(database), 1, range(1, SAMPLES + 1))
    assert known(engine) == []
