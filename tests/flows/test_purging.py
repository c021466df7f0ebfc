"""A plugin that left something everywhere is removed, which leaves all of it, and purged, which leaves nothing."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from amber.bus import STREAMS, replay_subject, suspect_subject, task_subject
from amber.bus.connect import NatsBus
from amber.processes import runtime
from amber.testing.wheels import make_wheel, manifest

from .running import Running, wait_until
from .test_installing import MIGRATION, MODULE, PACKAGE, Place, done, place, refused, row
from .wire import envelope, error, post, send_all

pytestmark = pytest.mark.measured

__all__ = ["place"]
NAME = "stranger"
REMEMBERS = {"audit_log", "events", "event_bodies"}
"""Tables that tell what happened: who did what, and what was added to an event when it came."""
TOML = """\
[plugins.stranger]
isolation = "inline"  # its tables and its jobs are Amber's
"""
ASKS = """\
[rights]
tables = ["stranger_*"]
facts = ["issue.created"]
[settings]
organisation = ["colour"]
"""
CODE = """\
from typing import Annotated
from amber import hookimpl
from amber.config import Secret
from amber.errors import Reject
from amber.model import Additions, Receipt, ScheduledJob
from msgspec import Struct


class Config(Struct, frozen=True):
    key: Secret = Secret("")
    colour: str = "red"


class TargetConfig(Struct, frozen=True):
    token: Secret


@hookimpl
def plugin_start(ctx):
    (ctx.data / "note").write_text("kept")


@hookimpl
def on_fact(fact):
    raise Reject("not this one")


@hookimpl
def enrich_events(events):
    return [Additions(tags={"stranger": "yes"}) for _ in events]


@hookimpl
def deliver(notification, target):
    return Receipt()


@hookimpl
def scheduled_jobs():
    async def job():
        pass

    return [ScheduledJob("tick", 0.1, job)]
"""


def in_database(amber: Running) -> set[str]:
    """Tables with the plugin's name, or with rows that have it."""
    with closing(sqlite3.connect(amber.data / "amber.db")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {table: str(database.execute(f"SELECT * FROM {table}").fetchall()) for table in tables}
    return {table for table in tables if NAME in table or (NAME in rows[table] and table not in REMEMBERS)}


async def on_bus(amber: Running) -> set[str]:
    """Consumers and subjects with the plugin's name."""
    bus = await NatsBus(runtime.settings(amber.data, None).bus).connect()
    found = {one.name for one in await bus.standings()}
    for stream in STREAMS:
        found |= set(await bus.counts(stream))
    await bus.close()
    return {one for one in found if NAME in one}


async def put_on_bus(amber: Running) -> None:
    """What would need a worker's death and a replay of hours."""
    bus = await NatsBus(runtime.settings(amber.data, None).bus).connect()
    for subject in (replay_subject(NAME), suspect_subject(f"plugin-{NAME}", 7), task_subject(NAME, "fact")):
        await bus.publish(subject, b"{}")
    await bus.close()


def in_folder(amber: Running) -> set[str]:
    """Files of the data folder with the plugin's name, and those that speak of it; what NATS and SQLite keep apart."""
    found = set()
    for path in amber.data.rglob("*"):
        place = path.relative_to(amber.data)
        is_text = path.suffix in (".toml", ".conf", ".json") and path.is_file()
        if NAME in str(place) or (is_text and NAME in path.read_text()):
            found.add(str(place))
    return found


def everywhere(amber: Running) -> set[str]:
    return in_database(amber) | asyncio.run(on_bus(amber)) | in_folder(amber)


def test_nothing_of_a_plugin_is_left_after_it_was_purged(
    start: Callable[..., Running], place: Place, tmp_path: Path
) -> None:
    amber = start(toml=TOML, python=place.python)
    before = everywhere(amber)
    migration = {f"{PACKAGE}/migrations/versions/0001_notes.py": MIGRATION}
    files = {MODULE: CODE, f"{PACKAGE}/plugin.toml": manifest(NAME, ASKS), **migration}
    done(amber, "install", make_wheel(tmp_path, files=files), "--yes")
    for address, values in (("", {"key": "hush"}), ("/organisation", {"colour": "blue"})):
        answer = amber.api.patch(f"{address}/plugins/{NAME}/settings", json=values)
        assert answer.status_code == 200, answer.text
    target = {"plugin": NAME, "name": "theirs", "settings": {"token": "hush"}, "is_enabled": False}
    answer = amber.api.post(f"/projects/{amber.project}/targets", json=target)
    assert answer.status_code == 201, answer.text
    body = post(amber.url, amber.project, amber.key, envelope(error()))
    assert asyncio.run(send_all(amber.url, [body], 1)) == [200]
    wait_until(lambda: row(amber)["dead_letters"] == 1)

    assert "all of it" not in done(amber, "remove", NAME, "--yes")
    asyncio.run(put_on_bus(amber))
    kept = everywhere(amber) - before
    assert kept >= {
        *("stranger_notes", "alembic_version_stranger", "plugin_settings", "targets", "jobs"),
        *("plugin-stranger", "again-stranger", "task-stranger", "enrich-stranger", "plugins/stranger/note"),
        *("$KV.amber_plugins.stranger", "$KV.amber_replays.stranger", "$KV.amber_suspects.plugin-stranger-7"),
    }
    said = done(amber, "purge", NAME, "--yes")
    assert "the tables alembic_version_stranger, stranger_notes, the consumers" in said
    assert "1 dead letter, 1 target, 1 waiting message, its settings" in said
    wait_until(lambda: not row(amber))
    assert everywhere(amber) == set()
    assert "nothing is known of a plugin 'stranger'" in refused(amber, "purge", NAME, "--yes")
