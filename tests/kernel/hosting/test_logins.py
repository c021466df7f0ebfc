"""What the bus lets a plugin do follows from its manifest, and a real server holds it to that."""

import asyncio
import os
import signal
from typing import Any

import nats
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from amber.bus.connect import NatsBus
from amber.config import BusConfig
from amber.errors import ConfigError
from amber.hosting.logins import bus_of, check_guest, guest, guests, password
from amber.hosting.refusals import Refusals
from amber.plugin.manifest import Manifest, Rights
from amber.processes.natsserver import write_users
from amber.testing.nats import NatsServer

BUS = BusConfig(url="nats://127.0.0.1:1", user="amber", token="t0ken")


def manifest(name: str = "guest", hooks: tuple[str, ...] = ("on_fact",), **rights: Any) -> Manifest:
    return Manifest(name, "Guest", "A stranger's.", ("integrations",), hooks=hooks, rights=Rights(**rights))


def test_a_login_may_hear_its_questions_and_publish_its_facts_and_nothing_else() -> None:
    login = guest(manifest(publish=("guest.noticed",)), BUS)
    assert (login.name, login.password) == ("plugin-guest", password(BUS, "guest"))
    assert login.hears == ("amber.v1.rpc.guest.*", "_INBOX_guest.>")
    assert login.says == ("amber.v1.rpc.guest.*.*", "amber.v1.fact.guest.noticed.*")
    assert guest(manifest(), BUS).says == ("amber.v1.rpc.guest.*.*",), "its answers"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (manifest("Guest"), "cannot be used outside of Amber's processes"),
        (manifest("a.b"), "cannot be used outside of Amber's processes"),
        (manifest("a>"), "cannot be used outside of Amber's processes"),
        (manifest(publish=("issue.*",)), "which is no type of a fact"),
        (manifest(publish=(">",)), "which is no type of a fact"),
        (manifest(tables=("guest_*",)), r"rights\.tables can only be had inside of Amber's own processes"),
        (manifest(roles=("blob_store",), kernel=("plugins",)), r"rights\.roles, rights\.kernel can only be had inside"),
        (manifest(hooks=("scrub_events", "on_fact")), "^scrub_events can only be had inside"),
    ],
)
def test_what_reaches_too_far_gets_no_login(wrong: Manifest, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_guest(wrong)
    assert [one.name for one in guests([wrong, manifest("other")], BUS)] == ["plugin-other"]


@given(st.text(max_size=70), st.text(max_size=30))
def test_no_manifest_writes_a_subject_of_somebody_else(name: str, kind: str) -> None:
    for login in guests([manifest(name, publish=(kind,))], BUS):
        assert login.hears == (f"amber.v1.rpc.{name}.*", f"_INBOX_{name}.>")
        assert login.says == (f"amber.v1.rpc.{name}.*.*", f"amber.v1.fact.{kind}.*")
        assert not set(f"{name}{kind}") & set('*>" \t\n\\')
        assert (name.count("."), kind.count(".")) == (0, 1)


def test_every_plugin_has_a_password_of_its_own_that_follows_from_ambers() -> None:
    assert len({password(BUS, "a"), password(BUS, "b"), password(BusConfig(token="other"), "a"), BUS.token}) == 4
    assert bus_of("a", BUS) == BusConfig(url=BUS.url, user="plugin-a", token=password(BUS, "a"))
    assert bus_of("a", BusConfig(url=BUS.url)) == BusConfig(url=BUS.url, user="", token="")


async def entered(server: NatsServer, login: Any, refused: list[str]) -> Client:
    """Somebody's own client, logged in as this plugin."""

    async def note(error: Exception) -> None:
        refused.append(str(error))

    return await nats.connect(
        server.config.url,
        user=login.name,
        password=login.password,
        inbox_prefix=login.hears[1].removesuffix(".>"),
        error_cb=note,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,  # type: ignore[arg-type]  # annotated int, used as seconds
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("deed", "subject"),
    [
        ("hear", "amber.v1.>"),
        ("hear", "amber.v1.rpc.other.hello"),
        ("hear", "_INBOX.>"),
        ("say", "amber.v1.fact.issue.resolved.1"),
        ("say", "amber.v1.rpc.other.hello"),
        ("say", "amber.v1.rpc.other.hello.a1b2"),
        ("say", "amber.v1.rpc.guest.hello"),
        ("say", "$JS.API.STREAM.DELETE.FACTS"),
        ("say", "amber.v1.status"),
    ],
)
async def test_the_server_refuses_what_the_manifest_does_not_ask_for(
    nats_server: NatsServer, nats_bus: NatsBus, deed: str, subject: str
) -> None:
    login = guest(manifest(publish=("guest.noticed",)), nats_server.config)
    write_users(nats_server.data, nats_server.config, [login])
    for pid in nats_server.pids():
        os.kill(pid, signal.SIGHUP)
    refused: list[str] = []
    told = Refusals(nats_server.data / "nats")
    assert told.fresh() == []
    client = await entered(nats_server, login, refused)
    if deed == "hear":
        await client.subscribe(subject)
    else:
        await client.publish(subject, b"{}")
    async with asyncio.timeout(20):
        while not [one for one in refused if "permissions violation" in one.lower() and subject.lower() in one.lower()]:
            await client.flush()
            await asyncio.sleep(0.01)
        while not (noted := told.fresh()):
            await asyncio.sleep(0.01)
    word = "Subscription" if deed == "hear" else "Publish"
    assert set(noted) == {("guest", f"{word} Violation: {subject}")}, "the server's log names who it was, and what"
    told.close()
    await client.close()
