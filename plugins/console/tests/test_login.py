"""The pages before one is logged in."""

import time
from typing import Any

import pytest

from amber.model import AuditEntry, Invitation, token_digest

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
ATTACK = '"><script>alert(1)</script>'


def invited(home: Any, email: str = "bob@else.test", lasts: float = 3600.0, by: str = "Ann") -> str:
    now = time.time()
    wanted = Invitation(0, home.organisation.id, email, "member", by, now, now + lasts)
    home.directory.add_invitation(wanted, token_digest("a-secret"), AUDIT)
    return "/invitation/a-secret"


@pytest.mark.parametrize(("signed_in", "place"), [(True, "/issues"), (False, "/login")])
def test_the_first_page_leads_on(acme: Any, stranger: Any, signed_in: bool, place: str) -> None:
    answer = (acme.browser() if signed_in else stranger).get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, place)


def test_the_login_asks_what_its_method_needs(stranger: Any, acme: Any) -> None:
    page = stranger.get("/login?next=/issues/7&email=ann@acme.test").text
    assert '<form method="post" action="/login"' in page
    assert 'name="method" value="password"' in page
    assert 'name="next" value="/issues/7"' in page
    assert 'name="email" type="email" required value="ann@acme.test"' in page
    assert 'name="password" type="password"' in page
    assert 'type="password" required value' not in page


@pytest.mark.parametrize(
    ("problem", "words"),
    [("wrong", "do not belong together"), ("wait", "Wait five minutes"), ("off", "Nobody can log in right now"),
     ("nowhere", "no place in an organisation"), ("made up", "do not belong together")],
)  # fmt: skip
def test_the_login_says_what_went_wrong(stranger: Any, problem: str, words: str) -> None:
    assert words in stranger.get("/login", params={"problem": problem}).text


def test_the_login_shows_no_problem_before_there_is_one(stranger: Any) -> None:
    assert 'role="alert"' not in stranger.get("/login").text


@pytest.mark.parametrize("onward", ["//evil.test/", "https://evil.test/", "/\\evil.test"])
def test_the_login_leads_to_no_other_site(stranger: Any, acme: Any, onward: str) -> None:
    assert "evil.test" not in stranger.get("/login", params={"next": onward}).text
    answer = acme.browser().get("/login", params={"next": onward}, follow_redirects=False)
    assert answer.headers["location"] == "/issues"


def test_who_is_logged_in_goes_on(acme: Any) -> None:
    answer = acme.browser().get("/login?next=/projects", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/projects")


def test_what_a_link_put_into_the_login_is_text(stranger: Any) -> None:
    page = stranger.get("/login", params={"email": ATTACK, "problem": ATTACK, "next": "/" + ATTACK.replace(" ", "")})
    assert "<script>alert" not in page.text


def test_an_invitation_says_who_invites_to_what(stranger: Any, acme: Any) -> None:
    page = stranger.get(invited(acme))
    assert page.status_code == 200
    for words in ("Join Acme", "<b>Ann</b> invites <b>bob@else.test</b>", "member", 'action="/invitation/a-secret"',
                  'autocomplete="new-password"'):  # fmt: skip
        assert words in page.text


def test_who_is_known_already_proves_who_they_are(stranger: Any, acme: Any, other: Any) -> None:
    page = stranger.get(invited(acme, email="ann@other.test") + "?problem=wrong").text
    assert 'autocomplete="current-password"' in page
    assert 'name="name"' not in page
    assert "do not belong together" in page


@pytest.mark.parametrize("path", ["/invitation/another", "/invitation/a-secret"])
def test_an_invitation_that_is_worth_nothing_says_so(stranger: Any, acme: Any, path: str) -> None:
    invited(acme, lasts=-1.0)
    page = stranger.get(path)
    assert page.status_code == 404
    assert "Ask for another" in page.text
    assert "Acme" not in page.text


def test_whoever_invites_is_text(stranger: Any, acme: Any) -> None:
    assert "<script>alert" not in stranger.get(invited(acme, by=ATTACK)).text
