"""What every event store promises."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from amber.errors import Reject
from amber.model import Additions, Attachment, EventStore, EventSummary, Feedback, GroupedEvent, Neighbours
from amber.testing.stores import BAD_CURSORS, HOSTILE_TEXTS, NOON, event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def attachment(number: int, project: int = 1, event_id: str = "e" * 32) -> Attachment:
    """An attachment of an event."""
    blob = f"{project}/{number}"
    return Attachment(f"a{number}", project, event_id, f"log {number}.txt", "text/plain", "event", 7, blob, NOON)


def feedback(number: int, project: int = 1, event_id: str = "e" * 32) -> Feedback:
    """What somebody wrote; a higher number is newer."""
    return Feedback(f"f{number}", project, event_id, "Ann", "ann@example.org", "It broke", NOON + number, {"n": number})


class EventStoreContract:
    """Fixture: `event_store`, an empty store."""

    def test_a_stored_event_comes_back_whole(self, event_store: EventStore) -> None:
        grouped = event(7, "key", NOON, release="1.0", user={"id": "5"}, extra={"deep": [1, {"x": None}], "big": 2**80})
        event_store.write_events([grouped])
        found = event_store.get_event(7, grouped.event.id)
        assert found is not None
        assert found.data == grouped.event.data
        assert found.grouping == msgspec.to_builtins(grouped.grouping) | {"parts": [["type", "E"], ["at", "f"]]}
        assert (found.event_id, found.project, found.key) == (grouped.event.id, 7, "key")
        assert (found.title, found.culprit, found.level) == (grouped.title, grouped.culprit, "error")
        assert (found.timestamp, found.received_at) == (NOON, NOON)

    def test_what_plugins_add_is_kept_under_their_names(self, event_store: EventStore) -> None:
        plain = event(1, "key", extra={"a": 1})
        added = Additions(tags={"t": "1"}, contexts={"c": {"d": 2}}, links=(("Docs", "https://example.org"),))
        grouped = structs.replace(plain, event=structs.replace(plain.event, additions={"release": added}))
        event_store.write_events([grouped])
        data = _data(event_store, grouped)
        links = [["Docs", "https://example.org"]]
        assert data["additions"] == {"release": {"tags": {"t": "1"}, "contexts": {"c": {"d": 2}}, "links": links}}
        assert {name: value for name, value in data.items() if name != "additions"} == plain.event.data

    def test_what_is_added_later_is_kept_beside_the_rest(self, event_store: EventStore) -> None:
        made = [event(1, "key", NOON + number, extra={"a": number, "big": 2**80}) for number in range(3)]
        first = Additions(tags={"t": "1"})
        made[0] = structs.replace(made[0], event=structs.replace(made[0].event, additions={"release": first}))
        event_store.write_events(made)
        added = {one.event.id: {"late": Additions(contexts={"c": {"n": n}})} for n, one in enumerate(made[:2])}
        gone = "f" * 32
        for more in (added, {gone: {"late": first}}, {made[1].event.id: {"late": first}}, {}, added):
            event_store.write_additions(1, more)
        empty: dict[str, Any] = {"tags": {}, "contexts": {}, "links": []}
        kept = [_data(event_store, one) for one in made]
        assert kept[0]["additions"] == {
            "release": {**empty, "tags": {"t": "1"}},
            "late": {**empty, "contexts": {"c": {"n": 0}}},
        }
        assert kept[1]["additions"] == {"late": {**empty, "contexts": {"c": {"n": 1}}}}
        assert not kept[2].get("additions")
        for data, one in zip(kept, made, strict=True):
            assert {name: value for name, value in data.items() if name != "additions"} == one.event.data
        assert event_store.get_event(1, gone) is None
        assert event_store.get_event(2, made[0].event.id) is None
        assert len(event_store.list_events(1, ["key"]).items) == 3

    def test_additions_reach_the_events_of_one_project_only(self, event_store: EventStore) -> None:
        mine, theirs = (event(project, "key", id="a" * 32) for project in (1, 2))
        event_store.write_events([mine, theirs])
        event_store.write_additions(1, {"a" * 32: {"late": Additions(tags={"t": "1"})}})
        assert _data(event_store, mine)["additions"]["late"]["tags"] == {"t": "1"}
        assert not _data(event_store, theirs).get("additions")

    def test_nobody_but_plugins_speaks_under_additions(self, event_store: EventStore) -> None:
        grouped = event(1, "key", additions={"release": {"tags": {"forged": "yes"}}})
        event_store.write_events([grouped])
        assert not _data(event_store, grouped).get("additions")

    def test_an_event_that_is_known_stays_as_it_was(self, event_store: EventStore) -> None:
        first = event(1, "key", id="a" * 32, extra={"which": "first"})
        again = event(1, "other key", NOON + 9, id="a" * 32, extra={"which": "second"})
        assert event_store.write_events([first]) == frozenset()
        assert event_store.write_events([again, event(1, "key", id="b" * 32)]) == {(1, "a" * 32)}
        assert _data(event_store, first)["extra"] == {"which": "first"}
        assert event_store.list_events(1, ["other key"]).items == ()
        assert len(event_store.list_events(1, ["key"]).items) == 2

    def test_an_event_that_stands_twice_in_a_batch_is_kept_once(self, event_store: EventStore) -> None:
        twin = event(1, "key", id="a" * 32)
        event_store.write_events([twin, event(1, "key"), twin])
        assert len(event_store.list_events(1, ["key"]).items) == 2

    def test_projects_do_not_see_each_other(self, event_store: EventStore) -> None:
        mine, theirs = event(1, "key", id="a" * 32, extra="mine"), event(2, "key", id="a" * 32, extra="theirs")
        event_store.write_events([mine, theirs])
        assert _data(event_store, mine)["extra"] == "mine"
        assert _data(event_store, theirs)["extra"] == "theirs"
        assert event_store.get_event(3, "a" * 32) is None
        assert [found.project for found in event_store.list_events(2, ["key"]).items] == [2]

    def test_what_is_not_there_is_not_found(self, event_store: EventStore) -> None:
        event_store.write_events([])
        assert event_store.get_event(1, "0" * 32) is None
        assert event_store.list_events(1, []).items == ()
        assert event_store.list_attachments(1, "0" * 32) == ()
        assert event_store.list_feedback(1).items == ()

    def test_a_summary_tells_the_line_of_a_list(self, event_store: EventStore) -> None:
        grouped = event(1, "key", release="1.0", environment="prod", level="fatal", user={"email": "a@example.org"})
        event_store.write_events([grouped])
        id, title, user = grouped.event.id, grouped.title, "email:a@example.org"
        expected = EventSummary(id, 1, NOON, NOON, title, "fatal", "1.0", "prod", user)
        assert event_store.list_events(1, ["key"]).items == (expected,)

    def test_lists_are_newest_received_first_page_by_page(self, event_store: EventStore) -> None:
        made = [event(1, f"key {number % 3}", NOON + number // 2) for number in range(25)]
        event_store.write_events(made[::2])
        event_store.write_events(made[1::2])
        listed = _all_events(event_store, ["key 0", "key 1"], limit=4)
        assert sorted(found.event_id for found in listed) == sorted(
            m.event.id for m in made if m.grouping.key != "key 2"
        )
        assert [found.received_at for found in listed] == sorted((found.received_at for found in listed), reverse=True)

    def test_pages_hold_still_while_events_arrive(self, event_store: EventStore) -> None:
        event_store.write_events([event(1, "key", NOON + number) for number in range(6)])
        page = event_store.list_events(1, ["key"], limit=3)
        event_store.write_events([event(1, "key", NOON + 100 + number) for number in range(3)])
        rest = event_store.list_events(1, ["key"], page.next or "", limit=3)
        assert [found.received_at - NOON for found in (*page.items, *rest.items)] == [5, 4, 3, 2, 1, 0]
        assert rest.next is None

    def test_a_bad_cursor_is_rejected(self, event_store: EventStore) -> None:
        for cursor in BAD_CURSORS:
            with pytest.raises(Reject):
                event_store.list_events(1, ["key"], cursor)
            with pytest.raises(Reject):
                event_store.list_feedback(1, cursor=cursor)

    def test_a_cursor_of_another_list_is_rejected(self, event_store: EventStore) -> None:
        event_store.write_feedback([feedback(1), feedback(2)])
        cursor = event_store.list_feedback(1, limit=1).next
        assert cursor
        with pytest.raises(Reject):
            event_store.list_events(1, ["key"], cursor)

    # --- neighbours ---------------------------------------------------------------------------------------------------

    def test_every_event_knows_its_neighbours_in_the_order_they_were_received(self, event_store: EventStore) -> None:
        made = [event(1, f"key {number % 2}", NOON + number // 4) for number in range(12)]
        strangers = [event(1, "other key", NOON + 1), event(2, "key 0", NOON + 1)]
        event_store.write_events([*made, *strangers])
        keys = ["key 0", "key 1", "nobody's", "key 0"]
        ids = [found.event_id for found in event_store.list_events(1, keys).items][::-1]
        assert len(ids) == 12
        for older, this, newer in zip(["", *ids], ids, [*ids[1:], ""], strict=False):
            assert event_store.neighbours(1, keys, this) == Neighbours(older, newer, ids[0], ids[-1])

    def test_an_event_alone_is_the_oldest_and_the_newest(self, event_store: EventStore) -> None:
        alone = event(1, "key")
        event_store.write_events([alone, event(1, "other key", NOON + 1)])
        id = alone.event.id
        assert event_store.neighbours(1, ["key"], id) == Neighbours(older="", newer="", oldest=id, newest=id)

    def test_an_event_that_is_not_among_the_keys_has_no_neighbours(self, event_store: EventStore) -> None:
        made = event(1, "key")
        event_store.write_events([made, event(1, "other key"), event(2, "key")])
        for project, keys, id in (
            (1, ["other key"], made.event.id),
            (2, ["key"], made.event.id),
            (1, [], made.event.id),
            (1, ["key"], "0" * 32),
        ):
            assert event_store.neighbours(project, keys, id) == Neighbours()

    # --- attachments and feedback -------------------------------------------------------------------------------------

    def test_attachments_come_back_in_order_and_once(self, event_store: EventStore) -> None:
        made = [attachment(number) for number in (3, 1, 2)]
        event_store.write_attachments(made)
        event_store.write_attachments([structs.replace(made[0], name="changed"), *made])
        event_store.write_attachments([attachment(9, event_id="f" * 32), attachment(8, project=2)])
        assert event_store.list_attachments(1, "e" * 32) == tuple(made)

    def test_feedback_is_kept_once_and_listed_newest_first(self, event_store: EventStore) -> None:
        made = [feedback(number) for number in range(5)]
        other = feedback(7, event_id="")
        event_store.write_feedback([*made, other])
        event_store.write_feedback([structs.replace(made[2], message="changed"), feedback(2, project=2)])
        assert event_store.list_feedback(1).items == (other, *made[::-1])
        assert event_store.list_feedback(1, "e" * 32).items == tuple(made[::-1])
        page = event_store.list_feedback(1, "e" * 32, limit=2)
        assert event_store.list_feedback(1, "e" * 32, page.next or "", limit=9).items == tuple(made[2::-1])

    def test_any_text_is_kept_as_it_is(self, event_store: EventStore) -> None:
        for number, text in enumerate(HOSTILE_TEXTS):
            plain = event(1, "key", release=text, environment=text, user={"id": text}, level=text, extra={text: text})
            grouped = structs.replace(plain, title=text, culprit=text)
            event_store.write_events([grouped])
            found = event_store.get_event(1, grouped.event.id)
            assert found is not None
            assert (found.title, found.culprit, found.data) == (text, text, plain.event.data)
            note = Feedback("f", number, "", text, text, text, NOON, {text: text})
            event_store.write_feedback([note])
            assert event_store.list_feedback(number).items == (note,)

    def test_an_event_no_store_can_hold_is_rejected_and_keeps_none_of_its_batch(self, event_store: EventStore) -> None:
        with pytest.raises(Reject):
            event_store.write_events([event(1, "key"), event(1, "key", extra="\ud800")])
        assert event_store.list_events(1, ["key"]).items == ()

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(extra=st.dictionaries(st.text(), JSON, max_size=4))
    def test_any_json_comes_back_the_same(self, event_store: EventStore, extra: dict[str, Any]) -> None:
        grouped = event(1, "key", extra=extra)
        event_store.write_events([grouped])
        assert _data(event_store, grouped)["extra"] == extra

    def test_threads_that_write_the_same_events_keep_each_once(self, event_store: EventStore) -> None:
        made = [event(1 + number % 2, "key", NOON + number) for number in range(120)]
        batches = [made[start : start + 60] for start in range(0, 61, 12)]
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(event_store.write_events, [*batches, *(batch[::-1] for batch in batches)]))
        assert len(event_store.list_events(1, ["key"], limit=500).items) == 60
        assert len(event_store.list_events(2, ["key"], limit=500).items) == 60


def _data(store: EventStore, grouped: GroupedEvent) -> Any:
    found = store.get_event(grouped.event.project, grouped.event.id)
    assert found is not None
    return found.data


def _all_events(store: EventStore, keys: list[str], limit: int) -> list[EventSummary]:
    page = store.list_events(1, keys, limit=limit)
    found = [*page.items]
    while page.next:
        assert len(page.items) == limit
        page = store.list_events(1, keys, page.next, limit)
        found += page.items
    return found
