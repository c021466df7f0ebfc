from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from amber.errors import Reject
from amber.model import AuditEntry, Directory, Invitation, Member, Organisation, User, token_digest

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
RIGHT = "correct horse battery"
COOKIE = "__Host-amber_session"
Browser = TestClient[Any]
Open = Callable[[], Browser]
Person = Callable[..., User]


@pytest.fixture
def invite(directory: Directory, organisation: Organisation) -> Callable[..., Invitation]:
    def invite(email: str = "bob@shop.test", until: float = 1e12) -> Invitation:
        wanted = Invitation(0, organisation.id, email, "admin", "user:1", 1.0, until)
        return directory.add_invitation(wanted, token_digest("s3cret"), AUDIT)

    return invite


def take_up(browser: Browser, secret: str = "s3cret", **form: str) -> Any:
    given = {"name": " Bob\x07 ", "password": "a good password"} | form
    return browser.post(f"/invitation/{secret}", data=given, follow_redirects=False)


def test_a_new_person_sets_a_name_and_a_password_and_is_in(
    browser: Open, invite: Callable[..., Invitation], directory: Directory
) -> None:
    invite()
    opened = browser()
    answer = take_up(opened)
    assert (answer.status_code, answer.headers["location"]) == (303, "/issues")
    me = opened.get("/api/v1/me").json()
    assert (me["user"]["email"], me["user"]["name"], me["role"]) == ("bob@shop.test", "Bob", "admin")
    form = {"method": "password", "email": "bob@shop.test", "password": "a good password"}
    assert browser().post("/login", data=form, follow_redirects=False).headers["location"] == "/issues"


def test_an_invitation_is_good_once(browser: Open, invite: Callable[..., Invitation]) -> None:
    invite()
    take_up(browser())
    second = browser()
    assert take_up(second).headers["location"] == "/invitation/s3cret?problem=gone"
    assert COOKIE not in second.cookies


@pytest.mark.parametrize(
    ("password", "problem"), [("short", "short"), ("x" * 1001, "long"), ("bob@shop.test", "email"), ("", "short")]
)
def test_a_bad_password_is_told_and_costs_nothing(
    browser: Open, invite: Callable[..., Invitation], directory: Directory, password: str, problem: str
) -> None:
    invite()
    opened = browser()
    assert take_up(opened, password=password).headers["location"] == f"/invitation/s3cret?problem={problem}"
    assert directory.members(1) == ()
    assert take_up(opened).headers["location"] == "/issues"


def test_what_was_never_made_or_is_over_is_gone(browser: Open, invite: Callable[..., Invitation]) -> None:
    invite(until=1000.0)
    assert take_up(browser()).headers["location"] == "/invitation/s3cret?problem=gone"
    assert take_up(browser(), "other").headers["location"] == "/invitation/other?problem=gone"


def test_a_withdrawn_invitation_is_gone(browser: Open, invite: Callable[..., Invitation], directory: Directory) -> None:
    directory.withdraw_invitation(invite().id, AUDIT)
    assert take_up(browser()).headers["location"] == "/invitation/s3cret?problem=gone"


@pytest.fixture
def known(directory: Directory, person: Person) -> User:
    """Somebody with an account, whose only place is in another organisation."""
    other = directory.add_organisation("other", "Other", AUDIT)
    return person("bob", home=other.id)


def test_the_link_of_an_invitation_never_opens_an_account_that_is_there(
    browser: Open, invite: Callable[..., Invitation], directory: Directory, known: User
) -> None:
    invite()
    opened = browser()
    assert take_up(opened).headers["location"] == "/invitation/s3cret?problem=wrong"
    assert COOKIE not in opened.cookies
    assert directory.user(known.id) == known
    assert directory.members(1) == ()


def test_somebody_who_is_known_proves_their_password_and_keeps_it(
    browser: Open, invite: Callable[..., Invitation], directory: Directory, known: User
) -> None:
    invite()
    opened = browser()
    assert take_up(opened, password=RIGHT, name="Somebody else").headers["location"] == "/issues"
    assert opened.get("/api/v1/me").json()["organisation"]["slug"] == "acme"
    assert directory.user(known.id) == known


def test_guessing_at_an_invitation_has_to_wait_like_everywhere(
    browser: Open, invite: Callable[..., Invitation], known: User
) -> None:
    invite()
    for _ in range(5):
        take_up(browser())
    assert take_up(browser(), password=RIGHT).headers["location"] == "/invitation/s3cret?problem=wait"


def test_who_was_made_a_moment_ago_by_somebody_else_is_not_logged_in(
    browser: Open,
    invite: Callable[..., Invitation],
    directory: Directory,
    known: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    invite()
    monkeypatch.setattr(directory, "user_by_email", lambda _: None)
    opened = browser()
    assert take_up(opened).headers["location"] == "/invitation/s3cret?problem=taken"
    assert COOKIE not in opened.cookies


def test_an_invitation_used_up_a_moment_ago_is_gone(
    browser: Open, invite: Callable[..., Invitation], directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite()
    directory.withdraw_invitation(invite().id, AUDIT)
    kept = Invitation(9, 1, "bob@shop.test", "member", "", 1.0, 1e12)
    monkeypatch.setattr(directory, "invitation", lambda _: kept)
    assert take_up(browser()).headers["location"] == "/invitation/s3cret?problem=gone"


def test_another_failure_is_not_taken_for_a_used_invitation(
    browser: Open, invite: Callable[..., Invitation], directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Member:
        raise Reject("the disk is full", status=507)

    invite()
    monkeypatch.setattr(directory, "accept_invitation", full)
    assert take_up(browser()).status_code == 507


def test_another_site_takes_up_nothing(browser: Open, invite: Callable[..., Invitation]) -> None:
    invite()
    answer = browser().post("/invitation/s3cret", data={"password": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_taking_up_an_invitation_is_in_the_audit_log(
    browser: Open, invite: Callable[..., Invitation], directory: Directory
) -> None:
    invite()
    take_up(browser())
    told = {one.action: one for one in directory.audit_log(1).items}
    assert told["invitation.accept"].actor == "bob@shop.test"
    assert told["invitation.accept"].client_ip
