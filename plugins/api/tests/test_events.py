from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from amber.model import Feedback, GroupedEvent, OutcomeCount

Make = Callable[..., GroupedEvent]
NOON = 1_700_000_000.0
ID = f"{10:032x}"
WHOLE = f"/api/v1/projects/shop/events/{ID}"


@pytest.fixture
def stored(acme: Any, event: Make) -> Any:
    acme.store(event(acme.project.id, 10, release="1.0", environment="prod", user={"id": "5"}, tags=[["a", "b"]]))
    return acme


@pytest.mark.parametrize("shown", [ID, str(UUID(ID)), ID.upper()])
def test_an_event_is_answered_whole_by_any_spelling_of_its_id(stored: Any, shown: str) -> None:
    stored.attach(ID, b"x")
    answer = stored.client("project:read").get(f"/api/v1/projects/shop/events/{shown}").json()
    data, grouping, attachments = (answer.pop(field) for field in ("data", "grouping", "attachments"))
    assert answer == {
        "event_id": ID,
        "issue_id": "1",
        "project": str(stored.project.id),
        "title": "ZeroDivisionError: aa",
        "culprit": "shop.aa",
        "level": "error",
        "timestamp": "2023-11-14T22:13:20.000000Z",
        "received_at": "2023-11-14T22:13:20.000000Z",
    }
    assert data["tags"] == [["a", "b"]]
    assert grouping["summary"] == "same exception in the same function"
    assert attachments == [
        {
            "id": "a1",
            "name": "log.txt",
            "content_type": "text/plain",
            "type": "event.attachment",
            "size": 1,
            "received_at": "2023-11-14T22:13:20.000000Z",
        }
    ]


@pytest.mark.parametrize("shown", [f"{11:032x}", "1", "x" * 32, "%00" * 32])
def test_an_event_that_is_not_there_answers_404(stored: Any, shown: str) -> None:
    assert stored.client("project:read").get(f"/api/v1/projects/shop/events/{shown}").status_code == 404


def test_an_issues_events_are_listed_newest_first(stored: Any, event: Make) -> None:
    stored.store(event(stored.project.id, 11, at=NOON + 5))
    client = stored.client("project:read")
    page = client.get("/api/v1/issues/1/events?limit=1").json()
    assert [one["event_id"] for one in page["items"]] == [f"{11:032x}"]
    (line,) = client.get("/api/v1/issues/1/events", params={"cursor": page["next"]}).json()["items"]
    assert line == {
        "event_id": ID,
        "timestamp": "2023-11-14T22:13:20.000000Z",
        "received_at": "2023-11-14T22:13:20.000000Z",
        "title": "ZeroDivisionError: aa",
        "level": "error",
        "release": "1.0",
        "environment": "prod",
        "user": "id:5",
    }


def test_an_attachment_is_a_file_to_save_and_never_a_page(stored: Any) -> None:
    stored.attach(ID, b"<script>alert(1)</script>", name='../..\\a "b"\r\nset-cookie: é.html', content_type="text/html")
    answer = stored.client("project:read").get(f"{WHOLE}/attachments/a1")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''a%20%22b%22%0D%0Aset-cookie%3A%20%C3%A9.html"
    )


def test_an_attachment_that_is_not_there_or_lost_its_bytes_answers_404(stored: Any) -> None:
    client = stored.client("project:read")
    assert client.get(f"{WHOLE}/attachments/a1").status_code == 404
    stored.attach(ID, b"x")
    stored.stores.blobs.delete("te/st")
    assert client.get(f"{WHOLE}/attachments/a1").status_code == 404


def test_feedback_is_listed_for_a_project_and_for_one_event(stored: Any) -> None:
    project = stored.project.id
    stored.stores.events.write_feedback(
        [
            Feedback("f1", project, ID, "Ann", "ann@shop.test", "it broke", NOON),
            Feedback("f2", project, "", "", "", "nice", NOON + 1),
        ]
    )
    client = stored.client("project:read")
    every = client.get("/api/v1/projects/shop/feedback").json()["items"]
    assert [(one["id"], one["event_id"]) for one in every] == [("f2", None), ("f1", ID)]
    (about,) = client.get(f"/api/v1/projects/shop/feedback?event_id={UUID(ID)}").json()["items"]
    assert about == {
        "id": "f1",
        "project": str(project),
        "event_id": ID,
        "name": "Ann",
        "email": "ann@shop.test",
        "message": "it broke",
        "received_at": "2023-11-14T22:13:20.000000Z",
    }


def test_outcomes_add_up_over_hours(stored: Any, event: Make) -> None:
    stored.store(event(stored.project.id, 11, at=NOON + 3600), event(stored.project.id, 10, at=NOON + 3600))
    hour = int(NOON // 3600)
    client = stored.client("project:read")
    answer = client.get(f"/api/v1/projects/shop/outcomes?since={hour}&until=2023-11-14T23:01:00Z").json()
    assert (answer["since"], answer["until"]) == ("2023-11-14T22:00:00.000000Z", "2023-11-15T00:00:00.000000Z")
    assert answer["totals"] == [
        {"project": "", "category": "error", "outcome": "filtered", "reason": "duplicate", "quantity": 1},
        {"project": "", "category": "error", "outcome": "stored", "reason": "", "quantity": 2},
    ]
    stored_hours = [(one["start"], one["quantity"]) for one in answer["series"] if one["outcome"] == "stored"]
    assert stored_hours == [("2023-11-14T22:00:00.000000Z", 1), ("2023-11-14T23:00:00.000000Z", 1)]


def test_outcomes_are_told_by_day_and_by_what_one_asks_for(stored: Any) -> None:
    project, hour = stored.project.id, int(NOON // 3600) // 24 * 24
    stored.store(
        outcomes=(
            OutcomeCount(project, "error", "accepted", "", 9, hour),
            OutcomeCount(project, "error", "stored", "", 5, hour + 1),
            OutcomeCount(project, "error", "invalid", "broken", 4, hour + 24),
            OutcomeCount(project, "log", "rate_limited", "key_limit", 7, hour + 24),
            OutcomeCount(project, "log", "invalid", "http 400", 2, hour + 24),
            OutcomeCount(project, "error", "client_discard", "sample_rate", 100, hour + 24),
        )
    )
    client = stored.client("project:read")
    query = f"since={hour}&until={hour + 48}&interval=day&by=project,outcome"
    answer = client.get(f"/api/v1/outcomes?{query}").json()
    assert {one["outcome"]: one["quantity"] for one in answer["totals"]} == {
        "accepted": 9,
        "stored": 6,
        "invalid": 6,
        "rate_limited": 7,
        "client_discard": 100,
    }
    assert {(one["project"], one["category"], one["reason"]) for one in answer["totals"]} == {(str(project), "", "")}
    assert len({one["start"] for one in answer["series"]}) == 2
    assert answer["sums"] == {"received": 18, "accepted": 9, "refused": 9, "ended": 10, "discarded": 100}
    assert client.get(f"/api/v1/projects/shop/outcomes?{query}").json() == answer
    assert client.get(f"/api/v1/outcomes?{query.replace('project,outcome', '')}").json()["totals"][0]["quantity"] == 128


def test_outcomes_without_ends_are_those_of_the_last_day(stored: Any) -> None:
    answer = stored.client("project:read").get("/api/v1/projects/shop/outcomes").json()
    assert answer["totals"] == []
    assert answer["since"][:10] != answer["until"][:10]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("until=9999999999", "until"),
        ("since=-5", "since"),
        ("since=2023-11-14T22:00:00Z&until=2023-11-14T22:00:00Z", "since"),
        ("since=10&until=100000", "since"),
        ("hours=5", "hours"),
        ("by=outcome,colour", "by"),
        ("interval=week", "interval"),
    ],
)
def test_a_bad_stretch_of_time_is_named(stored: Any, query: str, field: str) -> None:
    answer = stored.client("project:read").get(f"/api/v1/projects/shop/outcomes?{query}")
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == [field]
