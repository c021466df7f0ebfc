import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amber.model import rfc3339
from amber_ingest.normalise import Arrival, normalise_event
from amber_ingest.normalise.times import parse_time

NOW = "2026-11-22T19:31:17.000000Z"


@pytest.mark.parametrize(
    "given_time",
    [
        NOW,
        "2026-11-22T19:31:17Z",
        "2026-11-22T19:31:17",
        "2026-11-22 19:31:17",
        "2026-11-22t19:31:17z",
        "2026-11-22T20:31:17+01:00",
        "2026-11-22T19:31:17.000000000Z",
        1795375877,
        1795375877.0,
        "1795375877",
        "1795375877.0",
    ],
)
def test_every_way_to_write_a_moment_gives_one_form(given_time: object, arrival: Arrival) -> None:
    event = normalise_event({"timestamp": given_time, "breadcrumbs": [{"timestamp": given_time}]}, arrival)
    assert event.timestamp == 1795375877.0
    assert event.data["timestamp"] == NOW
    assert event.data["breadcrumbs"]["values"][0]["timestamp"] == NOW
    assert "errors" not in event.data


@pytest.mark.parametrize(
    "wrong", ["yesterday", "", True, [], {}, 1e300, float("nan"), float("inf"), 10**30, "10000-01-01", 253402300800]
)
def test_what_is_no_moment_is_noted_and_becomes_the_time_of_receipt(wrong: object, arrival: Arrival) -> None:
    event = normalise_event({"timestamp": wrong, "breadcrumbs": [{"timestamp": wrong, "message": "m"}]}, arrival)
    assert event.timestamp == arrival.received_at
    assert [error["name"] for error in event.data["errors"]] == ["timestamp", "breadcrumbs.values.0.timestamp"]
    assert event.data["breadcrumbs"]["values"][0]["message"] == "m"


def test_an_event_without_a_time_happened_when_it_was_received(arrival: Arrival) -> None:
    event = normalise_event({}, arrival)
    assert (event.timestamp, event.data["timestamp"]) == (arrival.received_at, NOW)
    assert "errors" not in event.data


def test_a_clock_that_is_an_hour_slow_is_corrected_everywhere(arrival: Arrival) -> None:
    slow = msgspec.structs.replace(arrival, sent_at=arrival.received_at - 3600)
    event = normalise_event(
        {
            "timestamp": arrival.received_at - 3610,
            "start_timestamp": arrival.received_at - 3620,
            "breadcrumbs": {"values": [{"timestamp": rfc3339(arrival.received_at - 3615)}]},
        },
        slow,
    )
    assert event.timestamp == arrival.received_at - 10
    assert event.data["start_timestamp"] == rfc3339(arrival.received_at - 20)
    assert event.data["breadcrumbs"]["values"][0]["timestamp"] == rfc3339(arrival.received_at - 15)
    assert event.data["errors"] == [
        {
            "type": "clock_drift",
            "name": "timestamp",
            "sdk_time": rfc3339(arrival.received_at - 3600),
            "server_time": NOW,
        }
    ]


def test_a_clock_that_is_54_minutes_off_is_believed(arrival: Arrival) -> None:
    slow = msgspec.structs.replace(arrival, sent_at=arrival.received_at - 54 * 60)
    event = normalise_event({"timestamp": arrival.received_at - 3300}, slow)
    assert event.timestamp == arrival.received_at - 3300
    assert "errors" not in event.data


@pytest.mark.parametrize(("offset", "kind"), [(61, "future_timestamp"), (-31 * 86_400, "past_timestamp")])
def test_an_event_out_of_its_time_moves_whole_to_the_time_of_receipt(
    offset: float, kind: str, arrival: Arrival
) -> None:
    at = arrival.received_at + offset
    event = normalise_event({"timestamp": at, "breadcrumbs": [{"timestamp": at - 5}]}, arrival)
    assert event.timestamp == arrival.received_at
    assert event.data["breadcrumbs"]["values"][0]["timestamp"] == rfc3339(arrival.received_at - 5)
    assert [error["type"] for error in event.data["errors"]] == [kind]


@pytest.mark.parametrize("offset", [60, -30 * 86_400])
def test_an_event_at_the_edge_of_its_time_is_believed(offset: float, arrival: Arrival) -> None:
    event = normalise_event({"timestamp": arrival.received_at + offset}, arrival)
    assert event.timestamp == arrival.received_at + offset


@settings(deadline=None)
@given(st.floats(-62135596800, 253402300798))
def test_a_moment_survives_being_written_and_read(seconds: float) -> None:
    again = parse_time(rfc3339(seconds))
    assert again is not None
    assert rfc3339(again) == rfc3339(seconds)


@settings(deadline=None)
@given(st.text() | st.floats() | st.integers() | st.none() | st.lists(st.integers()))
def test_no_value_is_too_strange_to_be_asked_for_its_time(value: object) -> None:
    found = parse_time(value)
    assert found is None or rfc3339(found)
