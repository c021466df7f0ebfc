"""`make screenshots`: every page, light and dark, on a desk and on a phone, into screenshots/.

Starts an Amber of its own, fills it with the demonstration, and ends it again.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from screenshots import demo

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZES = {"desk": (1280, 860), "phone": (390, 844)}
SCHEMES = ("light", "dark")
PATIENCE = 60.0
PORT = 18_321
README_PICTURE = ("issue", "desk", "light")


@contextmanager
def amber(data: Path) -> Iterator[dict[str, Any]]:
    """A running Amber; what it said when it was ready."""
    command = [sys.executable, "-m", "amber", "up", "--json", "--port", str(PORT), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=(data.parent / "log").open("wb"))  # noqa: S603
    try:
        yield json.loads(process.stdout.readline() if process.stdout is not None else b"")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def send(said: dict[str, Any], every: Sequence[Mapping[str, Any]], before: int = 0) -> None:
    """Send events, and wait until all of them are stored beside those that were before."""
    url = f"{said['url']}/api/{said['project_id']}/envelope/?sentry_key={said['public_key']}"
    for event in every:
        request = urllib.request.Request(url, demo.envelope(event))  # noqa: S310 - our own address
        urllib.request.urlopen(request, timeout=PATIENCE).close()  # noqa: S310
    deadline = time.monotonic() + PATIENCE
    while stored(said["url"]) < before + len(every):
        if time.monotonic() > deadline:
            raise SystemExit("the demonstration was not stored in time")
        time.sleep(0.2)


def stored(url: str) -> int:
    """How many events were stored, by the metrics."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=PATIENCE) as answer:  # noqa: S310 - our own address
        text = answer.read().decode()
    found = re.findall(r'^amber_items_total\{[^}]*outcome="stored"[^}]*\} (\S+)', text, re.MULTILINE)
    return int(sum(map(float, found)))


def furnish(page: Page, said: dict[str, Any], every: Sequence[Mapping[str, Any]]) -> None:
    """A team, an invitation, a target, a token; an issue that is ignored, and one that comes back."""

    def ask(method: str, path: str, **body: Any) -> Any:
        url = f"{said['url']}/api/v1{path}"
        answer = page.request.fetch(url, method=method, data=body or None, headers={"sec-fetch-site": "same-origin"})
        if not answer.ok:
            raise SystemExit(f"{method} {path}: {answer.status} {answer.text()}")
        return answer.json()

    ask("PATCH", "/projects/first", name="Shop")
    ask("POST", "/teams", name="Checkout")
    ask("POST", "/invitations", email="ann@example.org", role="admin")
    ask("POST", "/tokens", name="Deployments", scopes=["project:write"])
    hook = {"url": "https://chat.example.org/hooks/errors", "secret": "not a secret at all"}
    ask("POST", "/projects/first/targets", plugin="webhook", name="Chat room", settings=hook)
    limits = [{"count": 600, "categories": ["error"], "burst": 50}, {"count": 50, "window": 86400, "kind": "cap"}]
    ask("PATCH", "/projects/first", settings={"limits": limits})
    issues = {issue["title"].partition(":")[0]: issue["id"] for issue in ask("GET", "/projects/first/issues")["items"]}
    ask("PATCH", f"/issues/{issues['SMTPRecipientsRefused']}", status="ignored")
    ask("PATCH", f"/issues/{issues['CheckoutError']}", assignee="team:checkout")
    back = next(event for event in reversed(every) if event["platform"] == "java")
    ask("PATCH", f"/issues/{issues['IllegalStateException']}", status="resolved")
    again = {"event_id": uuid.uuid4().hex, "timestamp": time.time() - 200, "release": "billing@1.19.0"}
    send(said, [{**back, **again}], len(every))


def log_in(page: Page, said: dict[str, Any]) -> None:
    """Log in as the owner."""
    page.goto(said["url"] + "/login")
    page.get_by_label("E-mail").fill(said["email"])
    page.get_by_label("Password").fill(said["password"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def pages(page: Page, url: str) -> dict[str, str]:
    """The paths of all pages by the names of their pictures; the issue is the one that was seen last."""
    page.goto(url + "/issues")
    issue = page.locator("a.title").filter(has_text="CheckoutError").get_attribute("href") or ""
    return {
        "issues": "/issues",
        "search": "/issues?query=is:unresolved+level:fatal",
        "nothing-found": "/issues?query=nothing+of+that+kind",
        "issue": issue,
        "regressed": page.locator("a.title").filter(has_text="IllegalStateException").get_attribute("href") or "",
        "events": f"{issue}/events",
        "projects": "/projects",
        "new-project": "/projects/new",
        "project": "/projects/first",
        "start": "/projects/first/start",
        "notifications": "/projects/first/notifications",
        "target": "/projects/first/notifications/1",
        "usage": "/usage",
        "project-usage": "/projects/first/usage?period=24h",
        "people": "/people",
        "profile": "/profile",
        "tokens": "/tokens",
        "plugins": "/plugins",
        "audit": "/audit",
        "organisation": "/organisation",
        "missing": "/issues/999999",
    }


def take(browser: Browser, said: dict[str, Any], folder: Path) -> None:
    """Every page in every size and scheme."""
    every = list(demo.events(time.time()))
    send(said, every)
    page = browser.new_page()
    log_in(page, said)
    furnish(page, said, every)
    page.context.close()
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            options: Any = {"color_scheme": scheme, "viewport": {"width": width, "height": height}}
            context = browser.new_context(**options, device_scale_factor=1)
            page = context.new_page()
            page.goto(said["url"] + "/login")
            page.screenshot(path=folder / f"login-{size}-{scheme}.png")
            log_in(page, said)
            for name, path in pages(page, said["url"]).items():
                page.goto(said["url"] + path)
                page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=name != README_PICTURE[0])
            context.close()


def main() -> None:
    """Take the pictures; the README's is copied to docs/images."""
    folder = Path("screenshots")
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, amber(Path(place) / "data") as said, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        take(browser, said, folder)
        browser.close()
    picture = folder / f"{'-'.join(README_PICTURE)}.png"
    Path("docs/images/issue.png").write_bytes(picture.read_bytes())
    print(f"{len(os.listdir(folder))} pictures in {folder}/, and {picture} as the README's")


main()
