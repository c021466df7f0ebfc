"""Before the first event, and Ctrl-K."""

from html import unescape
from typing import Any

import pytest

from amber.model import AuditEntry

AUDIT = AuditEntry(0, "test", "test", "", 1.0)


def test_before_the_first_error_the_list_shows_how_to_send_one(acme: Any) -> None:
    page = acme.browser().get("/issues")
    key = acme.directory.keys(acme.project.id)[0].public_key
    assert page.status_code == 200
    text = unescape(page.text)
    assert f"https://{key}@amber.test/errors/{acme.project.id}" in text
    assert "Waiting for the first event of Shop" in text
    assert 'data-live="/live" data-waits="1" data-then="/projects/shop/first"' in text


@pytest.mark.parametrize(
    "snippet",
    ["import sentry_sdk", "@sentry/browser", "@sentry/node", "sentry-go", "io.sentry", "composer require",
     "sentry-ruby", "SentrySdk.Init", "sentry::init", "https://amber.test/errors/api/1/store/", "x-ember-key"],
)  # fmt: skip
def test_every_platform_has_its_snippet(acme: Any, snippet: str) -> None:
    assert snippet in unescape(acme.browser().get("/projects/shop/start").text)


def test_snippets_without_an_sdk_name_the_projects_key(acme: Any) -> None:
    key = acme.directory.keys(acme.project.id)[0].public_key
    text = acme.browser().get("/projects/shop/start").text
    assert f"sentry_key={key}" in text
    assert f"x-ember-key: {key}" in text


@pytest.mark.parametrize(("platform", "shown"), [("go", "go"), ("javascript-react", "javascript"), ("cobol", "python")])
def test_the_projects_own_platform_is_open(acme: Any, platform: str, shown: str) -> None:
    acme.directory.add_project(acme.organisation.id, "app", "App", platform, AUDIT)
    assert f'id="platform-{shown}" class="hidden" checked' in acme.browser().get("/projects/app/start").text


def test_without_a_key_that_works_the_page_says_how_to_get_one(acme: Any) -> None:
    acme.directory.change_key(acme.directory.keys(acme.project.id)[0].id, False, AUDIT)
    page = acme.browser().get("/issues").text
    assert "no key that works" in page
    assert "import sentry_sdk" not in page


def test_without_a_project_the_page_leads_to_one(acme: Any) -> None:
    empty = acme.directory.add_organisation("empty", "Empty", AUDIT)
    acme.directory.add_member(empty.id, acme.owner.id, "owner", AUDIT)
    member = acme.joined("bob", "member").user
    acme.directory.add_member(empty.id, member.id, "member", AUDIT)
    acme.organisation = empty
    assert 'href="/projects/new"' in acme.browser().get("/issues").text
    assert "Ask an owner or admin of Empty" in acme.browser(member).get("/issues").text


def test_the_start_page_turns_into_the_first_issue(acme: Any) -> None:
    browser = acme.browser()
    assert browser.get("/projects/shop/first", follow_redirects=False).headers["location"] == "/projects/shop/start"
    acme.happened(1)
    assert browser.get("/projects/shop/first", follow_redirects=False).headers["location"] == "/issues/1"
    assert "Waiting for a new issue of Shop" in browser.get("/projects/shop/start").text


def test_another_organisations_start_page_does_not_exist(acme: Any, other: Any) -> None:
    acme.directory.add_project(acme.organisation.id, "secret", "Secret", "", AUDIT)
    assert other.browser().get("/projects/secret/start").status_code == 404
    assert other.browser().get("/projects/secret/first").status_code == 404


def test_the_palette_finds_pages_projects_and_issues(acme: Any) -> None:
    acme.happened(1, "Error: cart")
    browser = acme.browser()
    everything = browser.get("/palette").text
    for words in ('href="/issues"', "Shop", "Error: cart", 'href="/profile"'):
        assert words in everything
    assert "Error: cart" in browser.get("/palette?q=CART").text
    assert 'href="/projects/shop"' in browser.get("/palette?q=shop settings").text
    assert "Nothing is called that" in browser.get("/palette?q=zzzz").text


def test_the_palette_offers_what_its_reader_may_open(acme: Any, other: Any) -> None:
    acme.happened(1, "Error: ours")
    assert "ours" not in other.browser().get("/palette?q=ours").text
    member = acme.browser(acme.joined("bob", "member").user)
    assert 'href="/projects/shop"' not in member.get("/palette").text
    assert 'href="/profile"' not in acme.program("project:read").get("/palette").text
