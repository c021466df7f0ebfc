"""One's own name, password and browsers."""

import time
from typing import Any

import pytest

from amber.model import AuditEntry, Session, token_digest
from amber_console.home.settings.browsers import browser_words

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


def test_the_page_says_who_one_is(acme: Any, staff: Any) -> None:
    page = staff["superuser"].get("/profile").text
    for words in ("sue@acme.test", "owner of <b>Acme</b>", "superuser"):
        assert words in page


def test_a_name_is_changed(acme: Any, send: Any) -> None:
    assert send(acme.browser(), "/profile", name="Ann Archer").headers["location"] == "/profile?done=saved"
    assert acme.directory.user(acme.owner.id).name == "Ann Archer"
    assert send(acme.browser(), "/profile", name=" ").status_code == 400
    assert acme.directory.user(acme.owner.id).name == "Ann Archer"


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("wrong", "That is not your password."),
        ("short", "ten characters"),
        ("wait", "Wait five minutes"),
        ("email", "the first thing anybody would try"),
        ("long", "a thousand"),
    ],
)
def test_a_refused_password_says_why(acme: Any, problem: str, said: str) -> None:
    page = acme.browser().get(f"/profile?problem={problem}").text
    assert said in page
    assert 'aria-invalid="true"' in page


def test_an_address_cannot_put_words_on_the_page(acme: Any) -> None:
    page = acme.browser().get("/profile?problem=Send+me+money&done=Send+me+money").text
    assert "Send me money" not in page
    assert 'aria-invalid="true"' not in page


def test_a_changed_password_says_so(acme: Any) -> None:
    assert "Your password is changed." in acme.browser().get("/profile?done=password").text


def session(home: Any, user: int, agent: str = CHROME) -> Session:
    now = time.time()
    wanted = Session(0, user, home.organisation.id, now - 60, now - 60, now + 3600, "203.0.113.7", agent)
    made: Session = home.directory.add_session(wanted, token_digest(f"{user}{agent}{now}"), AUDIT)
    return made


def test_every_browser_is_listed_in_words_and_one_is_logged_out(acme: Any, send: Any) -> None:
    browser, phone = acme.browser(), session(acme, acme.owner.id)
    page = browser.get("/profile").text
    assert "Chrome on Linux" in page
    assert "203.0.113.7" in page
    assert page.count("this browser") == 1
    send(browser, f"/profile/sessions/{phone.id}/end")
    assert "203.0.113.7" not in browser.get("/profile").text


def test_all_other_browsers_are_logged_out_at_once(acme: Any, send: Any) -> None:
    browser, mia = acme.browser(), acme.joined("mia", "member").user
    session(acme, acme.owner.id, "one"), session(acme, acme.owner.id, "two")
    hers = session(acme, mia.id)
    assert send(browser, "/profile/sessions/end").headers["location"] == "/profile?done=others#sessions"
    assert len(acme.directory.sessions(acme.owner.id)) == 1
    assert browser.get("/profile").status_code == 200
    assert [one.id for one in acme.directory.sessions(mia.id)] == [hers.id]


def test_a_session_of_somebody_else_is_not_here(acme: Any, send: Any) -> None:
    hers = session(acme, acme.joined("mia", "member").user.id)
    assert send(acme.browser(), f"/profile/sessions/{hers.id}/end").status_code == 404
    assert len(acme.directory.sessions(hers.user)) == 1


def test_a_session_that_is_over_is_not_listed(acme: Any) -> None:
    old = Session(0, acme.owner.id, acme.organisation.id, 1.0, 1.0, 2.0, "203.0.113.9", CHROME)
    acme.directory.add_session(old, token_digest("old"), AUDIT)
    assert "203.0.113.9" not in acme.browser().get("/profile").text


def test_a_token_has_no_profile(acme: Any) -> None:
    assert acme.program("admin").get("/profile").status_code == 403


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (CHROME, "Chrome on Linux"),
        (CHROME + " Edg/126.0", "Edge on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox on Windows"),
        ("Firefox/127.0", "Firefox"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("x" * 200, "x" * 40),
        ("", "A browser that says nothing of itself"),
    ],
)
def test_browsers_are_called_as_people_know_them(agent: str, words: str) -> None:
    assert browser_words(agent) == words
