"""What every page has in common: headers, style sheets and scripts, refusals, who sees which navigation."""

import tomllib
from hashlib import sha256
from importlib.resources import files
from typing import Any

import pytest
from litestar.exceptions import HTTPException
from litestar.testing import RequestFactory

from amber.errors import Denied, Reject, Unavailable
from amber.model import AuditEntry
from amber_console.home.assets import Assets
from amber_console.home.pages import Pages
from amber_console.home.refusals import REFUSALS

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STATIC = files("amber_console.home") / "static"
PAGES = ["/login", "/issues", "/issues/1", "/issues/99", "/projects/shop/start", "/palette"]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_may_run_or_fetch_anything_from_elsewhere(acme: Any, stranger: Any, path: str) -> None:
    acme.happened(1)
    for client in (acme.browser(), stranger):
        page = client.get(path)
        assert page.headers["content-security-policy"] == POLICY
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        for inline in ("<script>", " style=", "<style", " onclick=", "javascript:", "hx-on"):
            assert inline not in page.text


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/login"])
def test_a_stranger_logs_in_first_and_comes_back(stranger: Any, acme: Any, path: str) -> None:
    acme.happened(1, "Error: secret")
    answer = stranger.get(path + "?a=b", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path.replace('/', '%2F')}%3Fa%3Db"
    assert "secret" not in stranger.get(path).text


def test_a_strangers_part_of_a_page_sends_the_whole_page_to_the_login(stranger: Any) -> None:
    answer = stranger.get("/palette", headers={"hx-request": "true"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login?next=%2Fissues")


def test_every_style_sheet_and_script_is_kept_under_its_hash(stranger: Any) -> None:
    assets = Assets()
    for name, kind in (("console.css", "text/css"), ("keys.js", "text/javascript"), ("mark.svg", "image/svg+xml")):
        answer = stranger.get(assets.url(name))
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in answer.headers["cache-control"]
        assert "immutable" not in stranger.get(f"/static/console/{name}?v=old").headers["cache-control"]


@pytest.mark.parametrize("name", ["nothing.css", "../pages.py", "vendor/VENDORED.toml", "vendor/htmx.LICENSE", ""])
def test_nothing_else_is_served(stranger: Any, name: str) -> None:
    assert stranger.get(f"/static/console/{name}").status_code == 404


def test_style_sheets_fetch_nothing() -> None:
    for sheet in STATIC.iterdir():
        if sheet.name.endswith(".css"):
            text = sheet.read_text(encoding="utf-8")
            assert "url(" not in text
            assert "@import" not in text


def test_what_others_wrote_is_what_they_published() -> None:
    entries = tomllib.loads((STATIC / "vendor" / "VENDORED.toml").read_text(encoding="utf-8"))["vendored"]
    hashes = {name: digest for entry in entries for name, digest in entry["sha256"].items()}
    found = {
        entry.name: sha256(entry.read_bytes()).hexdigest()
        for entry in (STATIC / "vendor").iterdir()
        if entry.name != "VENDORED.toml"
    }
    assert hashes == found
    assert all(entry["licence"] and entry["source"] and entry["version"] for entry in entries)


def test_htmx_may_run_no_text_as_a_script(acme: Any) -> None:
    page = acme.browser().get("/issues").text
    assert '"allowEval":false' in page
    assert '"includeIndicatorStyles":false' in page


@pytest.mark.parametrize(
    ("role", "is_superuser", "entries"),
    [
        ("member", False, (True, False)),
        ("admin", False, (True, True)),
        ("owner", False, (True, True)),
        ("member", True, (True, True)),
    ],
)
def test_people_see_the_pages_they_may_open(
    acme: Any, role: str, is_superuser: bool, entries: tuple[bool, bool]
) -> None:
    acme.happened(1)
    browser = acme.browser(acme.joined("bob", role, is_superuser).user)
    for path in ("/issues", "/palette"):
        page = browser.get(path).text
        assert ('href="/plugins"' in page, 'href="/audit"' in page) == entries
        assert 'href="/people"' in page


def test_the_profile_menu_says_who_is_there_and_offers_their_other_organisations(acme: Any, other: Any) -> None:
    page = acme.browser().get("/issues").text
    assert "ann@acme.test" in page
    assert "owner of Acme" in page
    assert 'action="/session/organisation"' not in page
    acme.directory.add_member(other.organisation.id, acme.owner.id, "member", AUDIT)
    page = acme.browser().get("/issues").text
    assert 'action="/session/organisation"' in page
    assert ">Other</button>" in page


def test_the_project_switcher_keeps_the_filters(acme: Any) -> None:
    acme.happened(1)
    page = acme.browser().get("/issues?period=24h&environment=prod").text
    assert 'href="/issues?project=shop&amp;environment=prod&amp;period=24h"' in page


def test_who_has_no_scope_is_told_what_is_missing(acme: Any) -> None:
    page = acme.program().get("/issues")
    assert page.status_code == 403
    assert "project:read" in page.text
    assert "Ask an owner or admin" in page.text


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Denied("too many wrong passwords", status=429), 429, "Wait a few minutes"),
        (Reject("that slug is taken", status=409), 409, "that slug is taken"),
        (Reject("no", causes=("name: too long",)), 400, "name: too long"),
        (Unavailable("secret place"), 503, "Events go on being taken in"),
        (HTTPException(status_code=405, detail="Method Not Allowed"), 405, "Method Not Allowed"),
    ],
)
def test_a_refusal_says_what_happened_what_it_left_alone_and_what_to_do(
    error: Exception, status: int, words: str
) -> None:
    draw = next(draw for kind, draw in REFUSALS.items() if isinstance(error, kind))
    answer = draw(Pages(lambda: 1.0, Assets()), RequestFactory().get("/issues"), error)
    text = bytes(answer.content).decode()
    assert answer.status_code == status
    assert words in text
    assert "Nothing was changed." in text
    assert "secret place" not in text
