"""Who sees which page, and who is refused which form."""

from typing import Any

import pytest

from amber.model import AuditEntry

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
ROLES = ("member", "admin", "owner", "superuser")
PAGES = {
    "/projects": 0,
    "/projects/new": 1,
    "/projects/shop": 0,
    "/projects/shop/notifications": 1,
    "/projects/shop/notifications/new?type=webhook": 1,
    "/people": 0,
    "/people/teams/checkout": 0,
    "/profile": 0,
    "/tokens": 1,
    "/plugins": 0,
    "/audit": 1,
    "/dead-letters": 1,
    "/dead-letters/1": 1,
    "/dead-letters/1/original": 3,
    "/organisation": 2,
}
"""Each page with the first of the roles that may see it."""
FORMS = {
    "/projects": 1,
    "/projects/shop": 1,
    "/projects/shop/keys": 1,
    "/projects/shop/keys/1": 1,
    "/projects/shop/notifications": 1,
    "/projects/shop/notifications/1": 1,
    "/projects/shop/notifications/1/switch": 1,
    "/projects/shop/notifications/1/remove": 1,
    "/projects/shop/notifications/1/test": 1,
    "/projects/shop/notifications/1/deliveries/1": 1,
    "/people/1/role": 1,
    "/people/1/remove": 1,
    "/people/invitations": 1,
    "/people/invitations/1/withdraw": 1,
    "/people/teams": 1,
    "/people/teams/checkout": 1,
    "/people/teams/checkout/remove": 1,
    "/tokens": 1,
    "/tokens/1/revoke": 1,
    "/organisation": 2,
    "/organisations": 3,
    "/plugins/release": 3,
    "/dead-letters/bulk": 1,
    "/dead-letters/1/retry": 1,
    "/dead-letters/1/drop": 1,
    "/consumers/digest/resume": 3,
}


@pytest.fixture(autouse=True)
def team(acme: Any, morgue: Any) -> None:
    acme.directory.add_team(acme.organisation.id, "checkout", "Checkout", AUDIT)
    morgue.lay(acme.project.id)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_shown_to_those_who_may_see_it(staff: Any, path: str) -> None:
    first = PAGES[path]
    statuses = [staff[role].get(path).status_code for role in ROLES]
    assert statuses == [403] * first + [200] * (len(ROLES) - first)


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_logs_in_first(stranger: Any, acme: Any, path: str) -> None:
    answer = stranger.get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2F") or "/login?next=/" in answer.headers["location"]


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_refused_to_those_who_may_not_send_it(staff: Any, send: Any, stranger: Any, path: str) -> None:
    for role in ROLES[: FORMS[path]]:
        assert send(staff[role], path).status_code == 403, role
    assert send(stranger, path).headers["location"].startswith("/login")


@pytest.mark.parametrize(
    ("path", "offered"),
    [
        ("/projects", 'href="/projects/new"'),
        ("/projects/shop", 'action="/projects/shop/keys"'),
        ("/projects/shop", 'href="/projects/shop/notifications"'),
        ("/people", 'action="/people/invitations"'),
        ("/people", 'action="/people/teams"'),
        ("/people", 'href="/tokens"'),
        ("/people/teams/checkout", 'method="post" action="/people/teams/checkout"'),
    ],
)
def test_what_a_person_may_not_do_is_not_offered(staff: Any, path: str, offered: str) -> None:
    assert offered not in staff["member"].get(path).text
    assert offered in staff["admin"].get(path).text


def test_switches_of_plugins_are_offered_to_superusers_alone(staff: Any) -> None:
    assert 'action="/plugins/' not in staff["owner"].get("/plugins").text
    assert 'action="/plugins/release"' in staff["superuser"].get("/plugins").text


def test_a_page_of_another_site_cannot_send_a_form(acme: Any, send: Any) -> None:
    browser = acme.browser()
    browser.headers["sec-fetch-site"] = "cross-site"
    assert send(browser, "/projects", name="Evil", platform="python").status_code == 403
    assert len(acme.directory.projects(acme.organisation.id)) == 1
