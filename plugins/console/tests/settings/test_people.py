"""Roles, invitations and leaving."""

import re
import time
from html import unescape
from typing import Any

import pytest

from amber.model import AuditEntry, Invitation, token_digest

AUDIT = AuditEntry(0, "test", "test", "", 1.0)


def role(acme: Any, name: str) -> str | None:
    every = {one.user.name: one.role for one in acme.directory.members(acme.organisation.id)}
    return every.get(name)


def test_everybody_is_listed_with_their_role(staff: Any) -> None:
    page = staff["member"].get("/people").text
    for words in ("Ann", "ada@acme.test", "superuser", ">admin<", ">member<", "you"):
        assert words in page
    assert "/role" not in page


def test_an_owner_changes_a_role(acme: Any, staff: Any, send: Any) -> None:
    mia = acme.directory.user_by_email("mia@acme.test")
    assert send(staff["owner"], f"/people/{mia.id}/role", role="admin").headers["location"] == "/people?done=role"
    assert role(acme, "Mia") == "admin"


@pytest.mark.parametrize(
    ("who", "whom", "wanted"),
    [
        ("admin", "ann@acme.test", "member"),
        ("admin", "mia@acme.test", "owner"),
        ("admin", "ada@acme.test", "owner"),
    ],
)
def test_a_role_beyond_ones_own_is_refused_and_not_offered(
    acme: Any, staff: Any, send: Any, who: str, whom: str, wanted: str
) -> None:
    user = acme.directory.user_by_email(whom)
    before = role(acme, user.name)
    answer = send(staff[who], f"/people/{user.id}/role", role=wanted)
    assert answer.status_code == 403
    assert 'role="alert"' in answer.text
    assert role(acme, user.name) == before
    menu = staff[who].get("/people").text.partition(f'action="/people/{user.id}/role"')[2].partition("</form>")[0]
    assert f'value="{wanted}"' not in menu


def test_a_role_that_does_not_exist_is_refused(acme: Any, staff: Any, send: Any) -> None:
    user = acme.directory.user_by_email("mia@acme.test")
    assert send(staff["owner"], f"/people/{user.id}/role", role="emperor").status_code == 400
    assert role(acme, "Mia") == "member"


def test_the_last_owner_stays_one(acme: Any, send: Any) -> None:
    answer = send(acme.browser(), f"/people/{acme.owner.id}/role", role="member")
    assert answer.status_code == 409
    assert send(acme.browser(), f"/people/{acme.owner.id}/remove").status_code == 409
    assert role(acme, "Ann") == "owner"


def test_an_admin_removes_a_member_who_is_logged_out_at_once(acme: Any, staff: Any, send: Any) -> None:
    mia = acme.directory.user_by_email("mia@acme.test")
    answer = send(staff["admin"], f"/people/{mia.id}/remove")
    assert answer.headers["location"] == "/people?done=member-removed"
    assert role(acme, "Mia") is None
    assert staff["member"].get("/people", follow_redirects=False).headers["location"].startswith("/login")


def test_an_admin_does_not_remove_an_owner(acme: Any, staff: Any, send: Any) -> None:
    assert send(staff["admin"], f"/people/{acme.owner.id}/remove").status_code == 403
    assert role(acme, "Ann") == "owner"


@pytest.mark.parametrize("deed", ["role", "remove"])
def test_people_of_others_are_not_here(acme: Any, other: Any, send: Any, deed: str) -> None:
    bob = other.joined("bob", "member").user
    assert send(acme.browser(), f"/people/{bob.id}/{deed}", role="admin").status_code == 404
    assert [one.role for one in other.directory.memberships(bob.id)] == ["member"]


def invite(acme: Any, send: Any, email: str = "eve@acme.test", role: str = "member") -> Any:
    return send(acme.browser(), "/people/invitations", email=email, role=role)


def test_an_invitation_is_a_link_shown_once_that_leads_in(acme: Any, send: Any, stranger: Any) -> None:
    answer = invite(acme, send)
    assert answer.status_code == 200
    link = re.search(r"https://amber\.test/errors/invitation/([\w-]{43})", unescape(answer.text))
    assert link is not None
    (kept,) = acme.directory.invitations(acme.organisation.id)
    assert (kept.email, kept.role, kept.invited_by) == ("eve@acme.test", "member", "Ann")
    assert kept.expires_at - kept.created_at == 7 * 86_400
    assert acme.directory.invitation(token_digest(link[1])) == kept
    assert link[1] not in acme.browser().get("/people").text
    assert link[1] not in acme.browser().get("/audit").text
    assert "eve@acme.test" in stranger.get(f"/invitation/{link[1]}").text


def test_the_public_address_is_where_an_invitation_leads(acme: Any, send: Any) -> None:
    assert "https://amber.test/errors/invitation/" in invite(acme, send).text


@pytest.mark.parametrize(
    ("email", "said"),
    [("", "Is missing."), ("eve", "Is no e-mail address."), ("e v@x", "Is no e-mail address."), ("a@b@c", "Is no")],
)
def test_an_address_that_is_none_is_refused_and_kept(acme: Any, send: Any, email: str, said: str) -> None:
    answer = invite(acme, send, email)
    assert answer.status_code == 400
    assert said in answer.text
    assert f'value="{email}"' in answer.text
    assert acme.directory.invitations(acme.organisation.id) == ()


def test_who_is_here_already_is_not_invited(acme: Any, send: Any) -> None:
    answer = invite(acme, send, "ANN@acme.test")
    assert answer.status_code == 409
    assert "is a member already" in answer.text


@pytest.mark.parametrize(("role", "status"), [("owner", 400), ("emperor", 400), ("admin", 200), ("member", 200)])
def test_an_admin_invites_admins_and_members(acme: Any, staff: Any, send: Any, role: str, status: int) -> None:
    assert send(staff["admin"], "/people/invitations", email="eve@x.test", role=role).status_code == status
    assert len(acme.directory.invitations(acme.organisation.id)) == (status == 200)


def test_an_invitation_is_withdrawn(acme: Any, send: Any) -> None:
    invite(acme, send)
    (kept,) = acme.directory.invitations(acme.organisation.id)
    page = acme.browser().get("/people").text
    assert "holds for 7 days" in page
    assert send(acme.browser(), f"/people/invitations/{kept.id}/withdraw").status_code == 303
    assert acme.directory.invitations(acme.organisation.id) == ()


def test_an_invitation_that_is_over_says_so(acme: Any) -> None:
    now = time.time()
    old = Invitation(0, acme.organisation.id, "eve@x.test", "member", "Ann", now - 99, now - 9)
    acme.directory.add_invitation(old, token_digest("old"), AUDIT)
    assert "has expired" in acme.browser().get("/people").text


def test_an_admin_does_not_withdraw_what_invites_an_owner(acme: Any, staff: Any, send: Any) -> None:
    invite(acme, send, role="owner")
    (kept,) = acme.directory.invitations(acme.organisation.id)
    assert f"/people/invitations/{kept.id}/withdraw" not in staff["admin"].get("/people").text
    assert send(staff["admin"], f"/people/invitations/{kept.id}/withdraw").status_code == 403
    assert len(acme.directory.invitations(acme.organisation.id)) == 1


def test_invitations_of_others_are_not_here(acme: Any, other: Any, send: Any) -> None:
    invite(other, send)
    (theirs,) = other.directory.invitations(other.organisation.id)
    assert "eve@acme.test" not in acme.browser().get("/people").text
    assert send(acme.browser(), f"/people/invitations/{theirs.id}/withdraw").status_code == 404
    assert len(other.directory.invitations(other.organisation.id)) == 1


def test_members_may_leave_and_take_nobody_with_them(acme: Any, send: Any) -> None:
    bob, cid = (acme.joined(name, "member").user for name in ("bob", "cid"))
    browser = acme.browser(bob)
    page = browser.get("/people").text
    assert f'action="/people/{bob.id}/remove"' in page
    assert f'action="/people/{cid.id}/remove"' not in page
    assert send(browser, f"/people/{cid.id}/remove").status_code == 403
    assert send(browser, f"/people/{bob.id}/remove").status_code == 303
    assert bob.id not in {one.user.id for one in acme.directory.members(acme.organisation.id)}
    assert "Log in" in browser.get("/people").text
