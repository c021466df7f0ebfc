"""Whatever people call things is text on every page."""

from collections.abc import Callable
from typing import Any

from amber.model import Attempt, AuditEntry, Target

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
EVIL = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}"
PAGES = (
    "/projects",
    "/projects/shop",
    "/projects/shop/notifications",
    "/people",
    "/people/teams/checkout",
    "/profile",
    "/tokens",
    "/plugins",
    "/audit",
    "/organisation",
)


def test_hostile_names_are_inert_everywhere(
    acme: Any, send: Any, target: Target, tried: Callable[..., Attempt]
) -> None:
    browser = acme.browser()
    acme.directory.add_team(acme.organisation.id, "checkout", EVIL, AUDIT)
    tried("dead", EVIL)
    send(browser, "/profile", name=EVIL)
    send(browser, "/projects/shop", name=EVIL, platform="python", sensitive_fields=EVIL)
    send(browser, "/projects/shop/keys", label=EVIL)
    send(browser, "/organisation", name=EVIL)
    send(browser, "/tokens", name=EVIL, scope="project:read")
    hook = f"{target.settings['url']}?{EVIL}"
    path = f"/projects/shop/notifications/{target.id}"
    send(browser, path, name=EVIL, **{"setting-url": hook, "kinds": ["issue.created"]})
    for page in (*PAGES, path, f"/audit?subject={EVIL}", f"{path}?cursor=&tested={EVIL}"):
        text = browser.get(page).text
        assert "<img" not in text, page
        assert "<script>alert" not in text, page
        assert "49}" not in text, page
        assert " style=" not in text, page
    assert "&lt;img src=x" in browser.get("/people").text


def test_what_no_database_could_hold_is_left_out(acme: Any, send: Any) -> None:
    send(acme.browser(), "/profile", name="An\x00n\x1b[31m\u202e")
    assert acme.directory.user(acme.owner.id).name == "Ann[31m"
