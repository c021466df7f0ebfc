from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from amber.errors import Unavailable
from amber.model import AuditEntry, Directory, Organisation, Session, User
from amber.testing.running import Kernel

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
RIGHT = "correct horse battery"
COOKIE = "__Host-amber_session"
Browser = TestClient[Any]
Open = Callable[[], Browser]
LogIn = Callable[..., Browser]
Person = Callable[..., User]


def send(browser: Browser, path: str, headers: dict[str, str] | None = None, **form: str) -> Any:
    return browser.post(path, data=form, headers=headers or {}, follow_redirects=False)


def proof(who: User, password: str = RIGHT, **more: str) -> dict[str, str]:
    return {"method": "password", "email": who.email, "password": password, **more}


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/api/v1/me").status_code == 200)


def test_who_logs_in_is_known_from_then_on(browser: Open, person: Person) -> None:
    opened, ann = browser(), person("ann")
    assert not is_in(opened)
    answer = send(opened, "/login", **proof(ann))
    assert (answer.status_code, answer.headers["location"]) == (303, "/issues")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(answer.headers["set-cookie"].split("; "))
    assert answer.headers["cache-control"] == "no-store"
    assert opened.get("/api/v1/me").json()["user"]["email"] == ann.email


@pytest.mark.parametrize(
    ("next", "seen"),
    [
        ("/issues/5?x=1", "/issues/5?x=1"),
        ("//evil.test/", "/issues"),
        ("/\\evil.test", "/issues"),
        ("https://evil.test", "/issues"),
        ("/%0d%0aset-cookie:a=b", "/%0d%0aset-cookie:a=b"),
        ("/x\r\nset-cookie: a=b", "/issues"),
    ],
)
def test_the_page_asked_for_is_next_and_no_other_site(browser: Open, person: Person, next: str, seen: str) -> None:
    answer = send(browser(), "/login", **proof(person("ann"), next=next))
    assert answer.headers["location"] == seen
    assert len(answer.headers.get_list("set-cookie")) == 1


@pytest.mark.parametrize("next", ["//evil.test", "https://evil.test"])
def test_a_wrong_password_leads_nowhere_else_either(browser: Open, person: Person, next: str) -> None:
    answer = send(browser(), "/login", **proof(person("ann"), "wrong", next=next))
    assert answer.headers["location"] == "/login?problem=wrong"
    assert "set-cookie" not in answer.headers


def test_the_login_page_is_told_what_went_wrong_and_where_to_go_on(browser: Open, person: Person) -> None:
    opened, ann = browser(), person("ann")
    for _ in range(5):
        answer = send(opened, "/login", **proof(ann, "wrong", next="/issues?a=1&b=2"))
        assert answer.headers["location"] == "/login?problem=wrong&next=%2Fissues%3Fa%3D1%26b%3D2"
    assert send(opened, "/login", **proof(ann)).headers["location"] == "/login?problem=wait"
    assert not is_in(opened)


@pytest.mark.parametrize("form", [{}, {"method": "magic"}, {"method": "password"}])
def test_a_form_that_proves_nothing_is_wrong(browser: Open, organisation: Organisation, form: dict[str, str]) -> None:
    assert send(browser(), "/login", **form).headers["location"] == "/login?problem=wrong"


def test_a_body_that_is_no_form_proves_nothing(browser: Open, person: Person) -> None:
    answer = browser().post("/login", json=proof(person("ann")), follow_redirects=False)
    assert answer.headers["location"] == "/login?problem=wrong"


def test_a_method_that_fails_says_so(
    browser: Open, person: Person, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        async def verify(self, *_: object) -> User:
            raise Unavailable("the method failed")

    monkeypatch.setitem(kernel.services.kernel, "logins", Broken())
    assert send(browser(), "/login", **proof(person("ann"))).headers["location"] == "/login?problem=off"


def test_who_has_no_place_anywhere_is_told_so(browser: Open, person: Person, directory: Directory) -> None:
    person("owen", "owner")
    ann = person("ann")
    directory.remove_member(1, ann.id, AUDIT)
    assert send(browser(), "/login", **proof(ann)).headers["location"] == "/login?problem=nowhere"


def test_a_login_never_goes_on_with_a_secret_that_was_there_before(
    browser: Open, person: Person, directory: Directory
) -> None:
    opened, ann = browser(), person("ann")
    opened.cookies.set(COOKIE, "planted", domain="amber.test")
    send(opened, "/login", **proof(ann))
    first = opened.cookies[COOKIE]
    assert first != "planted"
    send(opened, "/login", **proof(ann))
    assert opened.cookies[COOKIE] not in ("planted", first)
    assert len(directory.sessions(ann.id)) == 1
    old = browser()
    old.cookies.set(COOKIE, first, domain="amber.test")
    assert not is_in(old)


def test_sessions_that_are_over_go_at_the_next_login(person: Person, log_in: LogIn, directory: Directory) -> None:
    ann = person("ann")
    directory.add_session(Session(0, ann.id, 1, 1.0, 1.0, 2.0, "", ""), b"x" * 32, AUDIT)
    log_in(ann)
    assert [stay.created_at > 1.0 for stay in directory.sessions(ann.id)] == [True]


def test_another_site_logs_nobody_in_or_out(browser: Open, person: Person, log_in: LogIn) -> None:
    ann = person("ann")
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}):
        assert send(browser(), "/login", headers, **proof(ann)).status_code == 403
        mine = log_in(ann)
        assert send(mine, "/logout", headers).status_code == 403
        assert is_in(mine)


def test_who_logs_out_is_unknown_wherever_the_cookie_is(browser: Open, person: Person, log_in: LogIn) -> None:
    mine = log_in(person("ann"))
    thief = browser()
    thief.cookies.set(COOKIE, mine.cookies[COOKIE], domain="amber.test")
    assert is_in(thief)
    answer = send(mine, "/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not is_in(mine)
    assert not is_in(thief)


def test_nobody_logs_out_without_harm(browser: Open) -> None:
    assert send(browser(), "/logout").status_code == 303


def test_logging_in_and_out_is_in_the_audit_log(person: Person, log_in: LogIn, directory: Directory) -> None:
    ann = person("ann")
    send(log_in(ann), "/logout")
    told = [(one.action, one.actor) for one in directory.audit_log(1).items[:2]]
    assert told == [("session.end", f"user:{ann.id}"), ("session.create", f"user:{ann.id}")]


@pytest.fixture
def second(directory: Directory, organisation: Organisation) -> Organisation:
    return directory.add_organisation("second", "Second", AUDIT)


def test_a_session_moves_where_its_person_has_a_place_and_is_there_next_time(
    person: Person, log_in: LogIn, directory: Directory, second: Organisation
) -> None:
    ann = person("ann")
    directory.add_member(second.id, ann.id, "admin", AUDIT)
    mine = log_in(ann)
    assert mine.get("/api/v1/me").json()["organisation"]["slug"] == "acme"
    answer = send(mine, "/session/organisation", organisation="second")
    assert (answer.status_code, answer.headers["location"]) == (303, "/issues")
    moved = mine.get("/api/v1/me").json()
    assert (moved["organisation"]["slug"], moved["role"]) == ("second", "admin")
    assert log_in(ann).get("/api/v1/me").json()["organisation"]["slug"] == "second"


@pytest.mark.parametrize("wanted", ["second", "2", "third", "", "a\x00"])
def test_a_session_moves_nowhere_else(person: Person, log_in: LogIn, second: Organisation, wanted: str) -> None:
    mine = log_in(person("ann"))
    assert send(mine, "/session/organisation", organisation=wanted).status_code == 404
    assert mine.get("/api/v1/me").json()["organisation"]["slug"] == "acme"


def test_nobody_moves_nothing(browser: Open) -> None:
    assert send(browser(), "/session/organisation", organisation="acme").status_code == 401
