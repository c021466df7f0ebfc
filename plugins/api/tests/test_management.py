from typing import Any

import pytest
from litestar.testing import TestClient


def test_a_token_sees_its_own_organisation(acme: Any, other: Any) -> None:
    client = acme.client("project:read")
    (only,) = client.get("/api/v1/organisations").json()["items"]
    assert (only["id"], only["slug"], only["name"]) == (str(acme.organisation.id), "acme", "Acme")
    assert client.get("/api/v1/organisations/acme").json() == only
    assert client.get("/api/v1/organisations/other").status_code == 404


def test_a_project_is_made_with_a_key_and_a_slug_of_its_name(acme: Any) -> None:
    client = acme.client("org:admin")
    made = client.post("/api/v1/projects", json={"name": "Wéb Front-End!", "platform": "javascript"})
    assert made.status_code == 201
    assert made.json()["slug"] == "web-front-end"
    (key,) = client.get("/api/v1/projects/web-front-end/keys").json()["items"]
    assert key["dsn"] == f"https://{key['public_key']}@amber.test/errors/{made.json()['id']}"
    assert [one["slug"] for one in client.get("/api/v1/projects").json()["items"]] == ["shop", "web-front-end"]


def test_a_slug_that_was_asked_for_and_is_taken_is_refused(acme: Any) -> None:
    client = acme.client("org:admin")
    assert client.post("/api/v1/projects", json={"name": "Shop", "slug": "shop"}).status_code == 409
    assert client.post("/api/v1/projects", json={"name": "Shop"}).json()["slug"] == "shop-2"
    assert client.post("/api/v1/projects", json={"name": "Shop"}).json()["slug"] == "shop-3"


def test_a_long_name_that_is_taken_gets_a_number_too(acme: Any) -> None:
    client = acme.client("org:admin")
    slugs = [client.post("/api/v1/projects", json={"name": "x" * 90}).json()["slug"] for _ in range(2)]
    assert slugs == ["x" * 44, f"{'x' * 44}-2"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\n"}, "name"),
        ({"name": "a", "slug": "a\n"}, "slug"),
        ({"name": "a", "platform": "a\n"}, "platform"),
        ({"name": "a", "slug": "12"}, "slug"),
        ({"name": "a", "slug": "A"}, "slug"),
        ({"name": "a", "platform": "Python 3"}, "platform"),
        ({"name": "a", "plattform": "python"}, "plattform"),
    ],
)
def test_a_bad_project_is_named(acme: Any, body: dict[str, Any], field: str) -> None:
    answer = acme.client("org:admin").post("/api/v1/projects", json=body)
    assert answer.status_code == 400
    assert field in str(answer.json())


def test_settings_are_merged_key_by_key(acme: Any) -> None:
    client = acme.client("project:admin")
    client.patch("/api/v1/projects/shop", json={"settings": {"allowed_domains": ["a.test"], "scrub_emails": True}})
    answer = client.patch("/api/v1/projects/shop", json={"name": "Shop 2", "settings": {"scrub_emails": None}}).json()
    assert (answer["name"], answer["settings"]) == ("Shop 2", {"allowed_domains": ["a.test"]})
    assert client.get(f"/api/v1/projects/{acme.project.id}").json() == answer


def test_limits_are_kept_and_those_nobody_understands_are_refused(acme: Any) -> None:
    client = acme.client("project:admin")
    limits = [{"count": 100, "window": 60, "categories": ["error"]}, {"count": 9, "window": 86400, "kind": "cap"}]
    answer = client.patch("/api/v1/projects/shop", json={"settings": {"limits": limits}})
    assert answer.json()["settings"]["limits"] == limits
    for bad in ("many", [{"count": -1}], [{"count": 1, "windows": 5}], [{"count": 1, "kind": "cap"}]):
        answer = client.patch("/api/v1/projects/shop", json={"settings": {"limits": bad}})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "settings.limits"
    assert client.patch("/api/v1/projects/shop", json={"settings": {"limits": None}}).json()["settings"] == {}


@pytest.mark.parametrize("body", [{}, {"settings": {"Bad Key": 1}}, {"slug": "new"}, {"settings": []}])
def test_a_bad_change_of_a_project_is_refused(acme: Any, body: dict[str, Any]) -> None:
    assert acme.client("project:admin").patch("/api/v1/projects/shop", json=body).status_code == 400


@pytest.mark.parametrize("name", ["retention_days", "retention_events"])
@pytest.mark.parametrize("value", [-1, "many", True, 1.5, 10**12])
def test_a_setting_its_plugin_could_not_read_is_refused_by_name(acme: Any, name: str, value: Any) -> None:
    client = acme.client("project:admin")
    answer = client.patch("/api/v1/projects/shop", json={"settings": {name: value}})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == f"settings.{name}"
    assert "whole number from 0 to" in answer.json()["errors"][0]["message"]
    assert client.get("/api/v1/projects/shop").json()["settings"] == {}


def test_how_much_is_kept_can_be_said_and_taken_back(acme: Any) -> None:
    client = acme.client("project:admin")
    limits = {"retention_days": 30, "retention_events": 0}
    assert client.patch("/api/v1/projects/shop", json={"settings": limits}).json()["settings"] == limits
    gone = dict.fromkeys(limits)
    assert client.patch("/api/v1/projects/shop", json={"settings": gone}).json()["settings"] == {}


def test_a_key_is_made_and_switched_off(acme: Any) -> None:
    client = acme.client("project:admin")
    made = client.post("/api/v1/projects/shop/keys", json={"label": "mobile"}).json()
    assert (made["label"], made["is_active"], len(made["public_key"])) == ("mobile", True, 32)
    off = client.patch(f"/api/v1/projects/shop/keys/{made['id']}", json={"is_active": False}).json()
    assert off == made | {"is_active": False}
    assert client.patch("/api/v1/projects/shop/keys/999", json={"is_active": False}).status_code == 404


def test_a_token_is_shown_once_works_and_can_be_revoked(acme: Any, app: Any) -> None:
    client = acme.client("org:admin")
    made = client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["project:read"], "project": "shop"})
    assert made.status_code == 201
    shown = made.json()
    assert shown["project"] == str(acme.project.id)
    assert shown["hint"] == shown["token"][-4:]
    fresh: TestClient[Any] = TestClient(app)
    fresh.headers["authorization"] = f"Bearer {shown['token']}"
    assert fresh.get("/api/v1/projects/shop").status_code == 200
    listed = client.get("/api/v1/tokens").json()["items"]
    assert shown["token"] not in str(listed)
    assert listed[-1]["last_used_at"] is not None
    assert client.delete(f"/api/v1/tokens/{shown['id']}").json()["revoked_at"] is not None
    assert fresh.get("/api/v1/projects/shop").status_code == 401


@pytest.mark.parametrize("scopes", [["admin"], ["project:read", "admin"]])
def test_a_token_cannot_make_a_wider_one(acme: Any, scopes: list[str]) -> None:
    answer = acme.client("org:admin").post("/api/v1/tokens", json={"name": "up", "scopes": scopes})
    assert answer.status_code == 403
    assert acme.client("admin").post("/api/v1/tokens", json={"name": "up", "scopes": scopes}).status_code == 201


def test_a_projects_token_cannot_make_tokens_or_projects(acme: Any) -> None:
    bound = acme.client("admin", project=acme.project.id)
    assert bound.post("/api/v1/tokens", json={"name": "up", "scopes": ["admin"]}).status_code == 403
    assert bound.post("/api/v1/projects", json={"name": "up"}).status_code == 403
    assert bound.get("/api/v1/audit").status_code == 403


@pytest.mark.parametrize("scopes", [[], ["event:write"], ["root"], "admin"])
def test_scopes_nobody_can_hold_are_refused(acme: Any, scopes: Any) -> None:
    answer = acme.client("admin").post("/api/v1/tokens", json={"name": "x", "scopes": scopes})
    assert answer.status_code == 400
    assert "scopes" in str(answer.json())


def test_a_projects_token_sees_its_project_alone(acme: Any) -> None:
    bound = acme.client("project:read", project=acme.project.id)
    acme.client("org:admin").post("/api/v1/projects", json={"name": "Web"})
    assert [one["slug"] for one in bound.get("/api/v1/projects").json()["items"]] == ["shop"]


def test_what_was_changed_is_told_newest_first(acme: Any, other: Any) -> None:
    client = acme.client("org:admin")
    client.post("/api/v1/projects", json={"name": "Web"})
    client.post("/api/v1/projects/web/keys", json={"label": "second"})
    entries = client.get("/api/v1/audit").json()["items"]
    assert [(one["action"], one["actor"]) for one in entries[:2]] == [
        ("key.create", "token:1"),
        ("project.create", "token:1"),
    ]
    assert entries[0]["after"]["label"] == "second"
    about = client.get("/api/v1/audit", params={"subject": entries[1]["subject"]}).json()["items"]
    assert [one["action"] for one in about] == ["project.create"]
    assert other.client("org:admin").get("/api/v1/audit").json()["items"][0]["action"] == "test"


def test_plugins_tell_their_state(acme: Any) -> None:
    found = {one["name"]: one for one in acme.client("project:read").get("/api/v1/plugins").json()["items"]}
    assert found["api"]["state"] == "running"
    assert {"title", "version", "reason", "families", "calls", "errors"} <= found["scopes"].keys()
