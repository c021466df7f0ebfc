from typing import Any

import pytest

from amber.errors import Reject
from amber.model import AuditEntry
from amber.testing.running import Kernel


def test_a_person_is_told_who_they_are(acme: Any) -> None:
    ann = acme.person("ann", "admin")
    me = acme.browser(ann).get("/api/v1/me").json()
    assert (me["kind"], me["id"], me["name"], me["role"]) == ("user", str(ann.id), "Ann", "admin")
    assert me["user"] == {"id": str(ann.id), "email": ann.email, "name": "Ann", "is_superuser": False}
    assert (me["organisation"]["slug"], me["projects"]) == ("acme", None)
    assert set(me["scopes"]) == {"project:read", "project:triage", "project:write", "project:admin", "org:admin"}


def test_a_program_is_told_who_it_is(acme: Any) -> None:
    me = acme.client("project:triage", project=acme.project.id).get("/api/v1/me").json()
    assert (me["kind"], me["user"], me["role"]) == ("token", None, None)
    assert (me["scopes"], me["projects"]) == (["project:read", "project:triage"], [str(acme.project.id)])


def test_people_change_their_own_name(acme: Any) -> None:
    ann = acme.person("ann")
    client = acme.browser(ann)
    assert client.patch("/api/v1/me", json={"name": "Ann B."}).json()["name"] == "Ann B."
    assert acme.directory.user(ann.id).name == "Ann B."
    told = acme.client("org:admin").get("/api/v1/audit").json()["items"][0]
    assert (told["action"], told["actor"], told["client_ip"] != "") == ("user.change", f"user:{ann.id}", True)
    assert client.patch("/api/v1/me", json={"email": "x@y.test"}).status_code == 400
    assert acme.client("admin").patch("/api/v1/me", json={"name": "x"}).status_code == 404


def test_a_token_with_a_persons_number_is_not_that_person(acme: Any) -> None:
    ann, program = acme.person("ann"), acme.client("project:read")
    acme.browser(ann)
    assert program.get("/api/v1/me").json()["id"] == str(ann.id)
    assert program.get("/api/v1/me/sessions").json()["items"] == []
    assert program.delete("/api/v1/me/sessions").json() == {"ended": 0}
    assert program.delete("/api/v1/me/sessions/1").status_code == 404


def test_people_see_where_they_are_logged_in_and_log_out_there(acme: Any) -> None:
    ann = acme.person("ann")
    here, there = acme.browser(ann), acme.browser(ann)
    listed = here.get("/api/v1/me/sessions").json()["items"]
    assert [one["is_current"] for one in listed].count(True) == 1
    assert (listed[0]["client_ip"], listed[0]["user_agent"]) == ("192.0.2.1", "Firefox")
    other = next(one["id"] for one in listed if not one["is_current"])
    assert here.delete(f"/api/v1/me/sessions/{other}").status_code == 204
    assert there.get("/api/v1/me").status_code == 401
    assert here.delete(f"/api/v1/me/sessions/{other}").status_code == 404
    assert here.get("/api/v1/me").status_code == 200


def test_nobody_ends_anothers_session(acme: Any) -> None:
    ann, bob = acme.browser(acme.person("ann")), acme.browser(acme.person("bob", "owner"))
    (hers,) = ann.get("/api/v1/me/sessions").json()["items"]
    assert bob.delete(f"/api/v1/me/sessions/{hers['id']}").status_code == 404
    assert bob.delete("/api/v1/me/sessions").json() == {"ended": 0}
    assert ann.get("/api/v1/me").status_code == 200


def test_people_log_out_everywhere_else(acme: Any) -> None:
    ann = acme.person("ann")
    here, *others = (acme.browser(ann) for _ in range(3))
    assert here.delete("/api/v1/me/sessions").json() == {"ended": 2}
    assert [one.get("/api/v1/me").status_code for one in (here, *others)] == [200, 401, 401]


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/me"), ("DELETE", "/me/sessions"), ("POST", "/tokens")])
def test_another_site_does_nothing_with_a_persons_session(acme: Any, method: str, path: str) -> None:
    mine = acme.browser(acme.person("ann", "owner"))
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.test"}):
        assert mine.request(method, f"/api/v1{path}", headers=headers).status_code == 403


def test_superusers_know_of_every_organisation_and_make_more(acme: Any, other: Any) -> None:
    root = acme.person("root", is_superuser=True)
    client = acme.browser(root)
    assert [one["slug"] for one in client.get("/api/v1/organisations").json()["items"]] == ["acme", "other"]
    assert client.get("/api/v1/organisations/other").json()["name"] == "Other"
    made = client.post("/api/v1/organisations", json={"name": "Third one"}).json()
    assert made["slug"] == "third-one"
    places = acme.directory.memberships(root.id)
    assert [(place.organisation, place.role) for place in places][-1] == (int(made["id"]), "owner")
    assert client.patch("/api/v1/organisations/other", json={"name": "Mine"}).status_code == 404
    assert acme.client("admin").post("/api/v1/organisations", json={"name": "x", "slug": "acme"}).status_code == 409


def test_owners_rename_their_organisation(acme: Any) -> None:
    client = acme.browser(acme.person("owen", "owner"))
    renamed = client.patch("/api/v1/organisations/acme", json={"name": "Acme Ltd"}).json()
    assert (renamed["slug"], renamed["name"]) == ("acme", "Acme Ltd")
    assert client.get("/api/v1/organisations").json()["items"] == [renamed]


@pytest.fixture
def toggled(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool, str]]:
    calls: list[tuple[str, bool, str]] = []

    async def toggle(name: str, enabled: bool, audit: AuditEntry) -> None:
        if name == "nothing":
            raise Reject("there is no plugin 'nothing'", status=404)
        calls.append((name, enabled, audit.actor))

    monkeypatch.setitem(kernel.services.kernel, "toggle", toggle)
    return calls


def test_superusers_switch_plugins(acme: Any, toggled: list[tuple[str, bool, str]]) -> None:
    root = acme.person("root", is_superuser=True)
    answer = acme.browser(root).put("/api/v1/plugins/scopes", json={"enabled": False})
    assert (answer.status_code, answer.json()["name"]) == (200, "scopes")
    assert toggled == [("scopes", False, f"user:{root.id}")]
    assert acme.browser(root).put("/api/v1/plugins/nothing", json={"enabled": True}).status_code == 404
    assert acme.browser(root).put("/api/v1/plugins/scopes", json={}).status_code == 400
    assert (
        acme.browser(acme.person("owen", "owner")).put("/api/v1/plugins/x", json={"enabled": True}).status_code == 403
    )


def test_what_an_error_said_is_for_superusers_alone(acme: Any, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"name": "bad", "state": "failed", "reason": "KeyError: 'ann@rival.test'", "last_error": "KeyError"},
        {"name": "off", "state": "disabled", "reason": "switch it on", "last_error": ""},
    ]
    monkeypatch.setitem(kernel.services.kernel, "plugins", lambda: rows)
    seen = acme.browser(acme.person("owen", "owner")).get("/api/v1/plugins").json()["items"]
    assert "rival" not in str(seen)
    assert [row["reason"] for row in seen] == ["whoever looks after this installation sees why", "switch it on"]
    root = acme.browser(acme.person("root", is_superuser=True)).get("/api/v1/plugins").json()["items"]
    unknown = {"waiting": None, "in_hand": None, "dead_letters": None}  # there is no bus to ask
    assert root == [{**row, **unknown} for row in rows]
