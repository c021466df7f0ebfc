from collections.abc import Callable
from typing import Any

import pytest

from amber.model import Batch, GroupedEvent

Make = Callable[..., GroupedEvent]
NOON = 1_700_000_000.0


@pytest.fixture
def stored(acme: Any, event: Make) -> Any:
    """Three issues, `cc` seen last and `aa` most often."""
    project = acme.project.id
    acme.store(
        event(project, 1, "aa", NOON, release="1.0", user={"id": "5"}),
        event(project, 2, "aa", NOON + 1, release="1.1", environment="prod"),
        event(project, 3, "bb", NOON + 2, level="warning"),
        event(project, 4, "cc", NOON + 3),
    )
    return acme


def titles(answer: Any) -> list[str]:
    return [one["title"].rpartition(" ")[2] for one in answer.json()["items"]]


def test_an_issue_tells_all_that_is_known_of_it(stored: Any) -> None:
    answer = stored.client("project:read").get("/api/v1/projects/shop/issues", params={"text": "AA"})
    assert answer.json() == {
        "items": [
            {
                "id": "1",
                "short_id": "SHOP-1",
                "project": str(stored.project.id),
                "title": "ZeroDivisionError: aa",
                "culprit": "shop.aa",
                "level": "error",
                "status": "unresolved",
                "platform": "python",
                "count": 2,
                "kept": 2,
                "users": 1,
                "first_seen": "2023-11-14T22:13:20.000000Z",
                "last_seen": "2023-11-14T22:13:21.000000Z",
                "first_release": "1.0",
                "last_release": "1.1",
                "assignee": None,
                "regressed_at": None,
            }
        ],
        "next": None,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["cc", "bb", "aa"]),
        ({"sort": "count"}, ["aa", "cc", "bb"]),
        ({"level": "warning"}, ["bb"]),
        ({"text": "shop.b"}, ["bb"]),
        ({"release": "1.0"}, ["aa"]),
        ({"environment": "prod"}, ["aa"]),
        ({"status": "resolved"}, []),
        ({"status": ""}, ["cc", "bb", "aa"]),
        ({"text": "%"}, []),
    ],
)
def test_issues_are_filtered_and_sorted(stored: Any, query: dict[str, str], expected: list[str]) -> None:
    answer = stored.client("project:read").get(f"/api/v1/projects/{stored.project.id}/issues", params=query)
    assert titles(answer) == expected


def test_pages_follow_each_other_to_the_end(stored: Any) -> None:
    client, seen, cursor = stored.client("project:read"), [], ""
    while cursor is not None:
        answer = client.get("/api/v1/projects/shop/issues", params={"limit": 1, "cursor": cursor})
        seen += titles(answer)
        cursor = answer.json()["next"]
    assert seen == ["cc", "bb", "aa"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort=title", "sort"),
        ("status=open", "status"),
        ("level=ERROR", "level"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("text=a%00b", "text"),
        ("stauts=resolved", "stauts"),
        ("status=resolved&status=ignored", "status"),
    ],
)
def test_a_bad_filter_is_named(stored: Any, query: str, field: str) -> None:
    answer = stored.client("project:read").get(f"/api/v1/projects/shop/issues?{query}")
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_cursor_nobody_gave_out_is_refused(stored: Any) -> None:
    answer = stored.client("project:read").get("/api/v1/projects/shop/issues?cursor=made-up")
    assert answer.status_code == 400
    assert "cursor" in answer.json()["detail"]


def test_an_issue_is_resolved_assigned_and_let_go(stored: Any) -> None:
    client = stored.client("project:triage")
    changed = client.patch("/api/v1/issues/1", json={"status": "resolved", "assignee": "ann@shop.test"}).json()
    assert (changed["status"], changed["assignee"]) == ("resolved", "ann@shop.test")
    assert client.patch("/api/v1/issues/1", json={"assignee": None}).json()["assignee"] is None
    assert client.get("/api/v1/issues/1").json()["status"] == "resolved"


def test_a_change_names_who_made_it_and_what_was_before(stored: Any) -> None:
    stored.client("project:triage").patch("/api/v1/issues/1", json={"status": "ignored"})
    entry = stored.client("admin").get("/api/v1/audit?limit=1").json()["items"][0]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("token:1", "issue.change", "issue:1")
    assert (entry["before"], entry["after"]) == ({"status": "unresolved"}, {"status": "ignored"})
    assert entry["client_ip"] == "testclient"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "open"}, "status"),
        ({"status": None}, "status"),
        ({"assignee": 5}, "assignee"),
        ({"assignee": "a\nb"}, "assignee"),
        ({"title": "mine"}, "title"),
    ],
)
def test_a_bad_change_is_named_and_changes_nothing(stored: Any, body: dict[str, Any], field: str) -> None:
    client = stored.client("project:triage")
    answer = client.patch("/api/v1/issues/1", json=body)
    assert answer.status_code == 400
    assert field in str(answer.json())
    assert client.get("/api/v1/issues/1").json()["status"] == "unresolved"


def test_many_issues_are_changed_at_once_and_strangers_left_out(stored: Any, other: Any, event: Make) -> None:
    other.store(event(other.project.id, 9, "dd"))
    foreign = other.client("project:read").get("/api/v1/projects/shop/issues").json()["items"][0]["id"]
    body = {"ids": ["1", "2", "2", foreign, "999", "x", "-1", "9" * 40], "status": "resolved"}
    answer = stored.client("project:triage").post("/api/v1/projects/shop/issues/bulk", json=body)
    assert (answer.status_code, answer.json()) == (200, {"updated": 2})
    assert other.client("project:read").get(f"/api/v1/issues/{foreign}").json()["status"] == "unresolved"


@pytest.mark.parametrize(
    "body", [{"ids": [], "status": "resolved"}, {"ids": ["1"] * 201, "status": "resolved"}, {"ids": ["1"]}]
)
def test_a_bad_bulk_change_is_refused(stored: Any, body: dict[str, Any]) -> None:
    answer = stored.client("project:triage").post("/api/v1/projects/shop/issues/bulk", json=body)
    assert answer.status_code == 400


@pytest.mark.parametrize("ref", ["999", "0", "-1", "01", "x", "SHOP-1", "9" * 40, "٣"])
def test_an_issue_that_is_not_there_answers_404(stored: Any, ref: str) -> None:
    assert stored.client("project:read").get(f"/api/v1/issues/{ref}").status_code == 404


@pytest.mark.parametrize("ref", ["999", "web", "-1", "%00", "a%20b", "9" * 40])
def test_a_project_that_is_not_there_answers_404(stored: Any, ref: str) -> None:
    assert stored.client("project:read").get(f"/api/v1/projects/{ref}/issues").status_code == 404


def test_grouping_says_why(stored: Any) -> None:
    assert stored.client("project:read").get("/api/v1/issues/1/grouping").json() == {
        "issue_id": "1",
        "event_id": f"{2:032x}",
        "mechanism": "stack",
        "version": 1,
        "key": "aa",
        "summary": "same exception in the same function",
        "parts": [{"name": "type", "value": "ZeroDivisionError"}],
        "keys": ["aa"],
    }


def test_an_issue_whose_events_are_gone_cannot_say_why(acme: Any, event: Make) -> None:
    acme.stores.issues.apply(Batch(events=(event(acme.project.id, 1),)))
    answer = acme.client("project:read").get("/api/v1/issues/1/grouping")
    assert answer.status_code == 404
    assert "event" in answer.json()["detail"]
