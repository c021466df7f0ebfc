"""A plugin fails on an event: the letter is seen by whoever may, the plugin is mended, the event is stored once."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from amber.bus import DEAD, Message
from amber.bus.connect import NatsBus
from amber.poison.letters import PART, RETRIED
from amber.poison.pausing import Pause, Pauses
from amber.processes import runtime

from .running import PATIENCE, Running, wait_until
from .wire import envelope, error, post, send_all

pytestmark = pytest.mark.measured

MOODY = '''
"""A plugin that scrubs nothing, and fails while a file is there."""

from pathlib import Path

from amber import hookimpl


@hookimpl
def scrub_events(events, project):
    """Scrub nothing."""
    if Path({mark!r}).exists():
        raise ValueError("no such column: version_name")
    return events
'''
MANIFEST = 'name = "moody"\ntitle = "Moody"\nsummary = "Fails at times."\nfamilies = ["scrubbing"]\n'
SECRET = "4111-1111-1111-1111"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The file that makes the plugin fail; it is there."""
    site, mark = tmp_path / "site", tmp_path / "broken"
    package, info = site / "amber_moody", site / "amber_moody-1.0.dist-info"
    for folder in (package, info):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text(MOODY.format(mark=str(mark)))
    (package / "plugin.toml").write_text(MANIFEST)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: amber-moody\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[amber.plugins]\nmoody = amber_moody\n")
    mark.touch()
    return mark


@pytest.fixture
def running(start: Callable[..., Running], broken: Path, tmp_path: Path) -> Running:
    return start(
        toml="[plugins.moody]\nenabled = true\nisolation = 'inline'\n",
        environment={"PYTHONPATH": str(tmp_path / "site")},
    )


def on_the_bus(running: Running, job: Callable[[NatsBus], Any]) -> Any:
    async def run() -> Any:
        bus = await NatsBus(runtime.settings(running.data, None).bus).connect()
        try:
            return await job(bus)
        finally:
            await bus.close()

    return asyncio.run(run())


def letter_of(running: Running) -> dict[str, Any]:
    """Send an event that dies; its letter as the API shows it, with the event's id."""
    event = error("MoodyError") | {"extra": {"card": SECRET}}
    asyncio.run(send_all(running.url, [post(running.url, running.project, running.key, envelope(event))], 1))
    [letter] = wait_until(lambda: running.get("/dead-letters")["items"])
    assert letter["event_id"] == event["event_id"]
    found: dict[str, Any] = letter
    return found


@contextmanager
def console(running: Running) -> Iterator[httpx.Client]:
    """A browser in which the first owner is logged in, who is a superuser."""
    headers = {"sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=running.url, timeout=PATIENCE, headers=headers) as browser:
        form = {"method": "password", "email": running.said["email"], "password": running.said["password"]}
        browser.post("/login", data=form)
        yield browser


def ends(running: Running) -> dict[str, int]:
    return {outcome: count for (_, outcome), count in running.outcomes().items() if count}


def test_a_letter_is_seen_the_plugin_mended_and_the_event_stored_once(running: Running, broken: Path) -> None:
    letter = letter_of(running)
    assert (letter["plugin"], letter["project"]) == ("moody", str(running.project))
    assert "no such column" in letter["reason"]
    assert wait_until(lambda: ends(running) == {"dead": 1})
    assert running.event(letter["event_id"]) is None
    assert SECRET in running.get(f"/dead-letters/{letter['id']}/original")["contents"][0]["body"]
    with console(running) as browser:
        assert "no such column" in browser.get("/dead-letters").text
        page = f"/dead-letters/{letter['id']}"
        assert SECRET not in browser.get(page).text
        assert SECRET in browser.get(f"{page}/original").text
        [kept] = on_the_bus(running, lambda bus: bus.browse(DEAD, 0, 9))
        browser.post(f"{page}/retry")
        again = wait_until(lambda: running.get("/dead-letters")["items"])[0]  # nothing was mended, so it dies again
        assert (again["retries"], again["first_at"][:19]) == (1, letter["first_at"][:19])
        broken.unlink()
        assert browser.post(f"/dead-letters/{again['id']}/retry").status_code == 303
    stored = running.stored(letter["event_id"])
    assert running.get("/dead-letters")["total"] == 0
    assert wait_until(lambda: ends(running) == {"stored": 1})
    deliver_again(running, kept)
    assert running.get(f"/issues/{stored['issue_id']}")["count"] == 1
    assert ends(running) == {"stored": 1}
    actions = [one["action"] for one in running.get("/audit")["items"] if one["action"].startswith("letter.")]
    assert sorted(actions) == ["letter.open", "letter.open", "letter.retry", "letter.retry"]


def deliver_again(running: Running, kept: Message) -> None:
    """Hand a letter back once more, as after a crash that left it in its place for days."""

    async def publish(bus: NatsBus) -> None:
        headers = {RETRIED: f"{kept.stream}/{kept.seq}", PART: kept.headers[PART]}
        await bus.publish(kept.headers["Amber-Subject"], kept.data, "", headers)

    on_the_bus(running, publish)

    def settled() -> bool:
        every = {one["name"]: one for one in running.get("/consumers")["items"]}
        return bool(every["digest"]["waiting"] == every["digest"]["in_hand"] == 0)

    wait_until(settled)


def test_the_command_line_does_the_same(running: Running, broken: Path) -> None:
    letter = letter_of(running)
    [row] = running.cli_json("dead", "list", "--plugin", "moody", "--text", "COLUMN")
    assert (row["id"], row["plugin"], row["stream"]) == (letter["id"], "moody", "ITEMS")
    assert running.cli_json("dead", "list", "--plugin", "sentry") == []
    assert SECRET in running.cli("dead", "show", row["id"]).stdout
    missing = running.cli("dead", "retry", "4711")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "there is no dead letter 4711; `amber dead list`" in missing.stderr
    broken.unlink()
    assert running.cli_json("dead", "retry", "--all", "--plugin", "moody") == {"done": 1}
    running.stored(letter["event_id"])
    assert running.cli("dead", "drop", "--all").stdout == "0 dropped.\n"


def test_what_stands_still_is_said_and_goes_on_at_a_word(running: Running) -> None:
    assert running.cli("dead", "pauses").stdout == "Nothing is paused.\n"
    on_the_bus(running, lambda bus: Pauses(bus).keep(Pause("plugin-new-issues", 1.0, "12 of 20 died")))
    assert "plugin-new-issues  1970-01-01T00:00:01+00:00  12 of 20 died" in running.cli("dead", "pauses").stdout
    with console(running) as browser:
        wait_until(lambda: "The plugin new-issues hears no news" in browser.get("/issues").text)
        paused = {one["name"] for one in running.get("/consumers")["items"] if one["pause"]}
        assert paused == {"plugin-new-issues"}
        assert running.cli("dead", "resume", "plugin-new-issues").stdout == "plugin-new-issues goes on.\n"
        wait_until(lambda: "hears no news" not in browser.get("/issues").text)
    assert running.cli("dead", "resume", "plugin-new-issues").returncode == 1
