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
from collections.abc import Iterator
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


def send(said: dict[str, Any]) -> None:
    """Send the demonstration, and wait until all of it is stored."""
    every = list(demo.events(time.time()))
    url = f"{said['url']}/api/{said['project_id']}/envelope/?sentry_key={said['public_key']}"
    for event in every:
        request = urllib.request.Request(url, demo.envelope(event))  # noqa: S310 - our own address
        urllib.request.urlopen(request, timeout=PATIENCE).close()  # noqa: S310
    deadline = time.monotonic() + PATIENCE
    while stored(said["url"]) < len(every):
        if time.monotonic() > deadline:
            raise SystemExit("the demonstration was not stored in time")
        time.sleep(0.2)


def stored(url: str) -> int:
    """How many events were stored, by the metrics."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=PATIENCE) as answer:  # noqa: S310 - our own address
        text = answer.read().decode()
    found = re.findall(r'^amber_items_total\{[^}]*outcome="stored"[^}]*\} (\S+)', text, re.MULTILINE)
    return int(sum(map(float, found)))


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
    issue = page.locator("a[href^='/issues/']").first.get_attribute("href") or ""
    return {
        "issues": "/issues",
        "search": "/issues?query=is:unresolved+level:fatal",
        "nothing-found": "/issues?query=nothing+of+that+kind",
        "issue": issue,
        "events": f"{issue}/events",
        "projects": "/projects",
        "new-project": "/projects/new",
        "project": "/projects/first",
        "start": "/projects/first/start",
        "notifications": "/projects/first/notifications",
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
    with tempfile.TemporaryDirectory() as place, amber(Path(place) / "data") as said:
        send(said)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            take(browser, said, folder)
            browser.close()
    picture = folder / f"{'-'.join(README_PICTURE)}.png"
    Path("docs/images/issue.png").write_bytes(picture.read_bytes())
    print(f"{len(os.listdir(folder))} pictures in {folder}/, and {picture} as the README's")


main()
