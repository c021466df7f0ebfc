from typing import Any

import pytest

from amber.model import AuditEntry, token_digest

AUDIT = AuditEntry(0, "test", "test", "", 1.0)


def members(client: Any) -> dict[str, str]:
    return {one["name"]: one["role"] for one in client.get("/api/v1/members").json()["items"]}


@pytest.fixture
def staff(acme: Any) -> dict[str, Any]:
    """An owner, two admins and two members; the keys are their names."""
    roles = {"owen": "owner", "adam": "admin", "ada": "admin", "mia": "member", "max": "member"}
    return {name: acme.person(name, role) for name, role in roles.items()}


def test_everybody_sees_who_is_there(acme: Any, other: Any, staff: dict[str, Any]) -> None:
    other.person("eve")
    seen = members(acme.browser(staff["mia"]))
    assert seen == {"Owen": "owner", "Adam": "admin", "Ada": "admin", "Mia": "member", "Max": "member"}


def test_a_projects_token_sees_no_people_and_no_teams(acme: Any) -> None:
    bound = acme.client("project:read", project=acme.project.id)
    for path in ("/members", "/teams", "/teams/web"):
        assert bound.get(f"/api/v1{path}").status_code == 403


@pytest.mark.parametrize(
    ("actor", "subject", "role", "status"),
    [
        ("owen", "mia", "admin", 200),
        ("owen", "mia", "owner", 200),
        ("owen", "adam", "member", 200),
        ("owen", "adam", "owner", 200),
        ("adam", "mia", "admin", 200),
        ("adam", "ada", "member", 200),
        ("adam", "adam", "member", 200),
        ("adam", "mia", "owner", 403),
        ("adam", "ada", "owner", 403),
        ("adam", "adam", "owner", 403),
        ("adam", "owen", "admin", 403),
        ("adam", "owen", "owner", 403),
        ("mia", "max", "admin", 403),
        ("mia", "mia", "admin", 403),
        ("owen", "owen", "admin", 409),
    ],
)
def test_who_may_give_which_role(
    acme: Any, staff: dict[str, Any], actor: str, subject: str, role: str, status: int
) -> None:
    client, before = acme.browser(staff[actor]), members(acme.client("project:read"))
    answer = client.patch(f"/api/v1/members/{staff[subject].id}", json={"role": role})
    assert answer.status_code == status, answer.text
    after = members(acme.client("project:read"))
    assert after == before | ({subject.title(): role} if status == 200 else {})


@pytest.mark.parametrize(
    ("actor", "subject", "status"),
    [
        ("owen", "adam", 204),
        ("adam", "mia", 204),
        ("adam", "ada", 204),
        ("adam", "adam", 204),
        ("adam", "owen", 403),
        ("mia", "max", 403),
        ("mia", "mia", 204),
        ("owen", "owen", 409),
    ],
)
def test_who_may_take_a_place_away(acme: Any, staff: dict[str, Any], actor: str, subject: str, status: int) -> None:
    answer = acme.browser(staff[actor]).delete(f"/api/v1/members/{staff[subject].id}")
    assert answer.status_code == status, answer.text
    assert (subject.title() in members(acme.client("project:read"))) == (status != 204)


def test_who_loses_their_place_is_out_at_once(acme: Any, staff: dict[str, Any]) -> None:
    mia = acme.browser(staff["mia"])
    assert mia.get("/api/v1/me").status_code == 200
    acme.browser(staff["adam"]).delete(f"/api/v1/members/{staff['mia'].id}")
    assert mia.get("/api/v1/me").status_code == 401


def test_only_a_superuser_makes_one(acme: Any, staff: dict[str, Any]) -> None:
    path, body = f"/api/v1/members/{staff['mia'].id}", {"is_superuser": True}
    for actor in ("owen", "adam"):
        assert acme.browser(staff[actor]).patch(path, json=body).status_code == 403
    # nothing of a request is done where a part of it is refused
    both = acme.browser(staff["owen"]).patch(path, json={"role": "admin", "is_superuser": True})
    assert both.status_code == 403
    assert members(acme.client("project:read"))["Mia"] == "member"
    root = acme.browser(acme.person("root", "admin", is_superuser=True))
    assert root.patch(path, json=body).json()["is_superuser"] is True
    assert acme.browser(staff["mia"]).get("/api/v1/me").json()["scopes"][0] == "admin"


@pytest.mark.parametrize("body", [{}, {"role": "king"}, {"name": "x"}])
def test_a_bad_change_of_a_member_is_refused(acme: Any, staff: dict[str, Any], body: dict[str, Any]) -> None:
    assert acme.client("admin").patch(f"/api/v1/members/{staff['mia'].id}", json=body).status_code == 400


def test_a_change_of_a_role_is_in_the_audit_log(acme: Any, staff: dict[str, Any]) -> None:
    acme.browser(staff["owen"]).patch(f"/api/v1/members/{staff['mia'].id}", json={"role": "admin"})
    told = acme.client("org:admin").get("/api/v1/audit").json()["items"][0]
    assert (told["action"], told["actor"]) == ("member.change", f"user:{staff['owen'].id}")
    assert (told["before"]["role"], told["after"]["role"]) == ("member", "admin")
    assert told["client_ip"]


def test_an_invitation_is_shown_once_listed_and_withdrawn(acme: Any, staff: dict[str, Any]) -> None:
    client = acme.browser(staff["adam"])
    made = client.post("/api/v1/invitations", json={"email": "new@shop.test", "role": "admin"})
    assert made.status_code == 201
    link = made.json()["link"]
    assert link.startswith("https://amber.test/errors/invitation/")
    secret = link.rpartition("/")[2]
    kept = acme.directory.invitation(token_digest(secret))
    assert (kept.email, kept.role, kept.invited_by) == ("new@shop.test", "admin", staff["adam"].name)
    assert 6.9 * 86_400 < kept.expires_at - kept.created_at < 7.1 * 86_400
    listed = client.get("/api/v1/invitations")
    assert [one["email"] for one in listed.json()["items"]] == ["new@shop.test"]
    assert secret not in listed.text
    assert secret not in client.get("/api/v1/audit").text
    assert client.delete(f"/api/v1/invitations/{kept.id}").status_code == 204
    assert client.get("/api/v1/invitations").json()["items"] == []


@pytest.mark.parametrize(
    ("actor", "role", "status"),
    [("owen", "owner", 201), ("adam", "admin", 201), ("adam", "owner", 403), ("mia", "member", 403)],
)
def test_who_may_invite_whom(acme: Any, staff: dict[str, Any], actor: str, role: str, status: int) -> None:
    body = {"email": "new@shop.test", "role": role}
    assert acme.browser(staff[actor]).post("/api/v1/invitations", json=body).status_code == status


def test_an_admin_does_not_withdraw_an_owners_invitation(acme: Any, staff: dict[str, Any]) -> None:
    body = {"email": "new@shop.test", "role": "owner"}
    number = acme.browser(staff["owen"]).post("/api/v1/invitations", json=body).json()["id"]
    assert acme.browser(staff["adam"]).delete(f"/api/v1/invitations/{number}").status_code == 403
    assert acme.browser(staff["owen"]).delete(f"/api/v1/invitations/{number}").status_code == 204


@pytest.mark.parametrize("email", ["", "ann", "a b@c.test", "a@b@c", "a@b\n", "a:b@c", f"{'a' * 250}@b.test"])
def test_what_is_no_address_is_not_invited(acme: Any, email: str) -> None:
    assert acme.client("org:admin").post("/api/v1/invitations", json={"email": email}).status_code == 400


def test_somebody_who_is_there_is_not_invited(acme: Any, staff: dict[str, Any]) -> None:
    answer = acme.client("org:admin").post("/api/v1/invitations", json={"email": staff["mia"].email.upper()})
    assert answer.status_code == 409
