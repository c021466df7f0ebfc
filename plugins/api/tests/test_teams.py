from typing import Any

import pytest

from amber.model import AuditEntry

AUDIT = AuditEntry(0, "test", "test", "", 1.0)


@pytest.fixture
def client(acme: Any) -> Any:
    return acme.client("org:admin")


@pytest.fixture
def team(client: Any) -> dict[str, Any]:
    made = client.post("/api/v1/teams", json={"name": "Web & Shop"})
    assert made.status_code == 201, made.text
    shown: dict[str, Any] = made.json()
    return shown


def test_a_team_is_made_renamed_and_taken_away(client: Any, team: dict[str, Any]) -> None:
    assert (team["slug"], team["name"]) == ("web-shop", "Web & Shop")
    assert client.get("/api/v1/teams").json()["items"] == [team]
    renamed = client.patch("/api/v1/teams/web-shop", json={"name": "Web"}).json()
    assert renamed == team | {"name": "Web"}
    assert client.delete(f"/api/v1/teams/{team['id']}").status_code == 204
    assert client.get("/api/v1/teams").json()["items"] == []
    assert client.get("/api/v1/teams/web-shop").status_code == 404


def test_a_slug_that_is_taken_is_refused(client: Any, team: dict[str, Any]) -> None:
    assert client.post("/api/v1/teams", json={"name": "Other", "slug": "web-shop"}).status_code == 409


def test_people_and_projects_come_and_go(acme: Any, client: Any, team: dict[str, Any]) -> None:
    ann = acme.person("ann")
    for _ in range(2):  # repeating it changes nothing
        assert client.put(f"/api/v1/teams/web-shop/members/{ann.id}").status_code == 204
        assert client.put("/api/v1/teams/web-shop/projects/shop").status_code == 204
    assert client.get("/api/v1/teams/web-shop").json() == team | {
        "members": [str(ann.id)],
        "projects": [str(acme.project.id)],
    }
    for _ in range(2):
        assert client.delete(f"/api/v1/teams/web-shop/members/{ann.id}").status_code == 204
        assert client.delete("/api/v1/teams/web-shop/projects/shop").status_code == 204
    assert client.get("/api/v1/teams/web-shop").json() == team | {"members": [], "projects": []}


def test_nobody_and_nothing_of_another_organisation_joins(acme: Any, other: Any, client: Any, team: Any) -> None:
    eve = other.person("eve")
    assert client.put(f"/api/v1/teams/web-shop/members/{eve.id}").status_code == 404
    assert client.put(f"/api/v1/teams/web-shop/projects/{other.project.id}").status_code == 404


def test_a_teams_token_sees_its_projects_alone_and_only_while_they_are_its(
    acme: Any, client: Any, team: dict[str, Any]
) -> None:
    client.post("/api/v1/projects", json={"name": "Web"})
    made = client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["project:admin"], "team": "web-shop"}).json()
    assert (made["team"], made["project"]) == (team["id"], None)
    bearer = {"authorization": f"Bearer {made['token']}"}

    def seen() -> list[str]:
        return [one["slug"] for one in client.get("/api/v1/projects", headers=bearer).json()["items"]]

    assert seen() == []
    client.put("/api/v1/teams/web-shop/projects/shop")
    assert seen() == ["shop"]
    assert client.get("/api/v1/projects/web", headers=bearer).status_code == 404
    assert client.patch("/api/v1/projects/shop", headers=bearer, json={"name": "Ours"}).status_code == 200
    assert client.get("/api/v1/me", headers=bearer).json()["projects"] == [str(acme.project.id)]
    client.delete("/api/v1/teams/web-shop/projects/shop")
    assert seen() == []
    client.delete("/api/v1/teams/web-shop")
    assert client.get("/api/v1/projects", headers=bearer).status_code == 401


def test_a_teams_token_never_reaches_the_organisation(acme: Any, client: Any, team: dict[str, Any]) -> None:
    bound = acme.client("admin", team=int(team["id"]))
    assert bound.post("/api/v1/tokens", json={"name": "up", "scopes": ["admin"]}).status_code == 403
    assert bound.post("/api/v1/projects", json={"name": "up"}).status_code == 403
    assert bound.get("/api/v1/members").status_code == 403
    assert bound.get("/api/v1/organisations").json()["items"][0]["slug"] == "acme"


def test_a_token_is_bound_to_a_project_or_to_a_team(other: Any, client: Any, team: dict[str, Any]) -> None:
    theirs = other.directory.add_team(other.organisation.id, "theirs", "Theirs", AUDIT)
    body = {"name": "ci", "scopes": ["project:read"]}
    assert client.post("/api/v1/tokens", json=body | {"team": "web-shop", "project": "shop"}).status_code == 400
    assert client.post("/api/v1/tokens", json=body | {"team": str(theirs.id)}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x", "slug": "A B"}, {"name": "x", "colour": "red"}])
def test_a_bad_team_is_refused(client: Any, body: dict[str, Any]) -> None:
    assert client.post("/api/v1/teams", json=body).status_code == 400
