"""What plugins are set to, over the API."""

from typing import Any


def value(answer: Any, name: str) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = next(one for one in answer.json() if one["name"] == name)
    return found


def test_what_is_set_for_an_organisation_holds_for_its_projects(acme: Any) -> None:
    client = acme.client("org:admin")
    path = "/api/v1/organisation/plugins/retention/settings"
    assert value(client.get(path), "figures_days")["inherited"] == 90
    assert value(client.patch(path, json={"figures_days": 30}), "figures_days")["value"] == 30
    mine = f"/api/v1/projects/{acme.project.id}/plugins/retention/settings"
    assert value(client.get(mine), "figures_days")["inherited"] == 30
    assert value(client.patch(mine, json={"figures_days": 7}), "figures_days")["value"] == 7
    assert value(client.patch(mine, json={"figures_days": None}), "figures_days")["value"] is None


def test_what_cannot_be_is_refused_with_its_field(acme: Any) -> None:
    answer = acme.client("org:admin").patch(
        "/api/v1/organisation/plugins/retention/settings", json={"figures_days": -1, "every": 5}
    )
    assert answer.status_code == 400
    assert "every" in answer.text


def test_the_installation_is_set_up_by_those_who_look_after_it(acme: Any) -> None:
    path = "/api/v1/plugins/limits/settings"
    assert acme.client("org:owner").get(path).status_code == 403
    assert acme.client("org:owner").patch(path, json={}).status_code == 403
    assert value(acme.client("admin").get(path), "per_key")["value"] is None


def test_a_token_of_one_project_sets_nothing_for_its_organisation(acme: Any) -> None:
    bound = acme.client("org:admin", project=acme.project.id)
    assert bound.get("/api/v1/organisation/plugins/retention/settings").status_code == 403
    assert bound.patch("/api/v1/organisation/plugins/retention/settings", json={}).status_code == 403
