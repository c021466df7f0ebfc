from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from amber.model import AuditEntry, Directory, Organisation, Token, User, new_token

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
RIGHT = "correct horse battery"
NEW = "a better password"
COOKIE = "__Host-amber_session"
Browser = TestClient[Any]
LogIn = Callable[..., Browser]
Person = Callable[..., User]


def renew(browser: Browser, old: str = RIGHT, new: str = NEW, **headers: str) -> Any:
    form = {"old": old, "new": new}
    return browser.post("/profile/password", data=form, headers=headers, follow_redirects=False)


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/api/v1/me").status_code == 200)


def test_a_new_password_logs_every_other_browser_out(person: Person, log_in: LogIn) -> None:
    ann = person("ann")
    mine, other = log_in(ann), log_in(ann)
    before = mine.cookies[COOKIE]
    assert renew(mine).headers["location"] == "/profile?done=password"
    assert mine.cookies[COOKIE] != before
    assert is_in(mine)
    assert not is_in(other)
    assert is_in(log_in(ann, NEW))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("wrong", NEW, "wrong"),
        (RIGHT, "short", "short"),
        (RIGHT, "x" * 1001, "long"),
        (RIGHT, "ann@shop.test", "email"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(
    person: Person, log_in: LogIn, old: str, new: str, problem: str
) -> None:
    ann = person("ann")
    mine, other = log_in(ann), log_in(ann)
    assert renew(mine, old, new).headers["location"] == f"/profile?problem={problem}"
    assert is_in(mine)
    assert is_in(other)
    assert is_in(log_in(ann))


def test_guessing_the_old_password_has_to_wait(person: Person, log_in: LogIn) -> None:
    mine = log_in(person("ann"))
    for _ in range(5):
        renew(mine, "wrong")
    assert renew(mine).headers["location"] == "/profile?problem=wait"


def test_another_site_changes_no_password(person: Person, log_in: LogIn) -> None:
    mine = log_in(person("ann"))
    assert renew(mine, **{"sec-fetch-site": "cross-site"}).status_code == 403


def test_a_program_has_no_password(
    browser: Callable[[], Browser], directory: Directory, organisation: Organisation
) -> None:
    secret, digest = new_token()
    directory.add_token(Token(0, organisation.id, None, "ci", secret[-4:], ("admin",), 1.0), digest, AUDIT)
    assert renew(browser(), authorization=f"Bearer {secret}").status_code == 403
    assert renew(browser()).status_code == 401


def test_who_is_gone_by_now_changes_nothing(
    person: Person, log_in: LogIn, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = log_in(person("ann"))
    monkeypatch.setattr(directory, "user", lambda _: None)
    assert renew(mine).headers["location"] == "/profile?problem=wrong"


def test_the_audit_log_tells_of_it_without_the_password(person: Person, log_in: LogIn, directory: Directory) -> None:
    ann = person("ann")
    renew(log_in(ann))
    told = next(one for one in directory.audit_log(1).items if one.action == "user.password")
    assert (told.actor, told.subject) == (f"user:{ann.id}", f"user:{ann.id}")
    assert NEW not in repr(told)
    assert "argon2" not in repr(told)
