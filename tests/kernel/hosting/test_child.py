"""A plugin in a process of its own: what it says of itself, what it answers, and what becomes of its failures."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from amber.config import Secret
from amber.errors import Denied, Reject, Retry, Unavailable
from amber.hosting import child as module
from amber.hosting.ends import LOCKED_OUT, STUCK
from amber.hosting.rpc import Deliver, EnrichEvents, OnFact, PluginFailed
from amber.model import Additions, Fact, Project, Receipt
from amber.testing.events import PROJECT, make_event
from amber.testing.targets import news

from .conftest import MANIFEST, Seat

pytestmark = pytest.mark.anyio
Taking = Callable[..., Seat]
FACT = Fact("f1", "issue.created", 1, 1.0, {"title": "A"})
HEAD = """
import asyncio, time
from typing import Annotated
from msgspec import Meta, Struct
from amber import Secret, errors, hookimpl
from amber.model import Additions, Fact, Receipt
"""
HEARS = HEAD + "@hookimpl\nasync def on_fact(fact, ctx):\n    "
ALL = (
    HEAD
    + """
class Config(Struct):
    greeting: Annotated[str, Meta(max_length=8)] = "hello"
    key: Secret = Secret("")

class TargetConfig(Struct):
    token: Secret
    room: str = "hall"

@hookimpl
def on_fact(ctx, fact):
    (ctx.data / "heard").write_text(fact.data["title"])

@hookimpl
def deliver(notification, target, ctx):
    return Receipt(f"{notification.title} {target.room} {target.token!r} {str(target.token)}")

@hookimpl
async def enrich_events(events, project, ctx):
    said = ctx.settings(project)
    again = ctx.settings(project) is said
    return [Additions(tags={"greeting": said.greeting, "key": str(said.key), "same": str(again)}) for _ in events]

@hookimpl
def plugin_start(ctx):
    (ctx.data / "life").write_text("started")

@hookimpl
def plugin_stop(ctx):
    (ctx.data / "life").write_text("stopped")

@hookimpl
def plugin_health(ctx):
    return None if ctx.config.greeting == "hello" else "I am unwell"
"""
)


def deliver(**target: Any) -> Deliver:
    return Deliver(news(title="A"), target, 5000)


async def test_a_plugin_says_what_it_is_and_answers_every_hook(take: Taking, tmp_path: Path) -> None:
    seat = take(ALL)
    async with seat.running() as hello:
        assert hello.hooks == ("deliver", "enrich_events", "on_fact")
        assert [(one.name, one.kind, one.is_required) for one in hello.target] == [
            ("token", "secret", True),
            ("room", "text", False),
        ]
        assert [one.name for one in hello.config] == ["greeting", "key"]
        assert (hello.version, hello.problem, hello.health) == ("1.0", "", "")
        assert await seat.peer.ask("on_fact", OnFact(FACT, 5000)) is None
        assert await seat.peer.ask("deliver", deliver(token="s3cret")) == Receipt("A hall *** s3cret")
    mine = tmp_path / "plugins" / "guest"
    assert [(mine / name).read_text() for name in ("heard", "life")] == ["A", "stopped"]


async def test_settings_of_a_project_hold_for_it_alone(take: Taking, caplog: pytest.LogCaptureFixture) -> None:
    seat = take(ALL, config={"greeting": "welcome"}, stored={"greeting": "unused", "key": "k3y", "gone": 1})

    async def said(project: Project, **settings: Any) -> dict[str, Any]:
        question = EnrichEvents((make_event(1),), project, 5000, settings)
        [answer] = await seat.peer.ask("enrich_events", question)
        assert isinstance(answer, Additions)
        return dict(answer.tags)

    other = msgspec.structs.replace(PROJECT, id=2)
    everywhere = {"greeting": "welcome", "key": "k3y", "same": "True"}
    async with seat.running() as hello:
        assert hello.health == "I am unwell"
        assert await said(PROJECT) == everywhere
        assert await said(PROJECT, greeting="howdy", key=Secret("own")) == {
            "greeting": "howdy",
            "key": "own",
            "same": "True",
        }
        assert await said(PROJECT, greeting="howdy", key=Secret("own")) | everywhere == everywhere
        assert await said(other) == everywhere
        assert await said(PROJECT, greeting="much too long") == everywhere
        assert "settings of project 1 cannot be used" in caplog.text
        assert await said(PROJECT) == everywhere


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("raise errors.Retry('77', 'later')", Retry, "later"),
        ("raise errors.Reject('never')", Reject, "never"),
        ("raise RuntimeError('broken')", PluginFailed, "RuntimeError: broken"),
        ("raise SystemExit(3)", PluginFailed, "SystemExit: 3"),
        ("return object()", PluginFailed, "TypeError: object has no JSON"),
        ("return 'x' * (9 << 20)", PluginFailed, "is too large for the bus"),
        ("await asyncio.sleep(60)", PluginFailed, "TimeoutError: no answer within 299 ms"),
        ("await ctx.publish(Fact('1', 'issue.resolved', 1, 1.0, {}))", Denied, "rights.publish"),
    ],
)
async def test_what_a_plugin_fails_with_is_told(take: Taking, code: str, error: type[Exception], words: str) -> None:
    seat = take(HEARS + code)
    async with seat.running():
        with pytest.raises(error, match=words):
            await seat.peer.ask("on_fact", OnFact(FACT, 299 if "sleep" in code else 5000))
        assert not seat.peer.in_doubt.is_set(), "it said itself that it was late"
        with pytest.raises(PluginFailed, match="ValidationError"):
            await seat.peer.ask("on_fact", OnFact(FACT, "soon"))  # type: ignore[arg-type]  # as a stranger would ask


async def test_a_target_is_checked_where_it_is_known_what_it_needs(take: Taking) -> None:
    seat = take(ALL)
    async with seat.running():
        with pytest.raises(Reject, match="some fields cannot be used"):
            await seat.peer.ask("deliver", deliver(room="attic"))


async def test_facts_are_published_within_the_rights_and_a_refusal_is_counted(take: Taking) -> None:
    made = "await ctx._services.publish(Fact(fact.data['title'], fact.data['title'], 1, 1.0, {}))"
    seat = take(HEARS + made)

    async def publish(kind: str) -> None:
        await seat.peer.ask("on_fact", OnFact(msgspec.structs.replace(FACT, data={"title": kind}), 5000))

    heard: list[bytes] = []

    async def hear(_: str, data: bytes) -> None:
        heard.append(data)

    async with seat.running() as hello:
        assert hello.refused == 0
        await seat.bus.listen("amber.v1.fact.>", hear)
        await publish("guest.noticed")
        with pytest.raises(Denied, match=r"the bus refused this plugin: .*issue\.resolved"):
            await publish("issue.resolved")
        hello = await seat.hello()
        assert (hello.refused, "amber.v1.fact.issue.resolved.1" in hello.refusal.lower()) == (1, True)
        while not heard:
            await asyncio.sleep(0.01)
        assert msgspec.json.decode(heard[0])["type"] == "guest.noticed"


async def test_what_its_own_process_refuses_a_plugin_is_counted_by_right(take: Taking) -> None:
    seat = take(
        HEARS
        + """match fact.data["title"]:
        case "host":
            await ctx.http.get("https://example.org/")
        case "fact":
            await ctx.publish(Fact("1", "issue.resolved", 1, 1.0, {}))
"""
    )
    async with seat.running():
        for title in ("host", "fact", "fact"):
            with pytest.raises(Denied):
                await seat.peer.ask("on_fact", OnFact(msgspec.structs.replace(FACT, data={"title": title}), 5000))
        hello = await seat.hello()
    assert hello.overstepped == {"hosts": 1, "publish": 2}
    assert "rights.publish" in hello.overstep
    assert hello.refused == 0, "the bus was not even asked"


@pytest.mark.parametrize(
    ("code", "more", "problem"),
    [
        ("raise KeyError('x')", {}, "it could not start: KeyError: 'x'"),
        ("raise SystemExit(2)", {}, "it could not start: SystemExit: 2"),
        (ALL, {"config": {"colour": 1}}, "unknown key 'colour'"),
        (ALL.replace('"started"', "1"), {}, "TypeError"),
        (HEAD + "@hookimpl\ndef scrub_events(events): ...", {}, "scrub_events can only be had inside"),
        (ALL, {"manifest": 'hooks = ["on_fact"]\n' + MANIFEST}, "its module answers [deliver, enrich_events, on_fact]"),
    ],
)
async def test_a_plugin_that_cannot_work_stays_to_say_why(take: Taking, code: str, more: Any, problem: str) -> None:
    seat = take(code, **more)
    async with seat.running() as hello:
        assert problem in hello.problem
        assert hello.health == ""
        assert (await seat.hello()).problem == hello.problem
        with pytest.raises(Exception, match="nobody answers"):
            await seat.peer.ask("on_fact", OnFact(FACT, 5000))
    if "colour" in problem:
        assert [one.name for one in hello.config] == ["greeting", "key"], "what it takes can be set all the same"


async def test_what_a_health_fails_with_is_the_health(take: Taking) -> None:
    seat = take(HEARS + "return None\n\n@hookimpl\ndef plugin_health():\n    raise OSError('no disk')\n")
    async with seat.running() as hello:
        assert hello.health == "plugin_health failed: OSError: no disk"


async def test_a_plugin_whose_threads_all_hang_ends_itself(take: Taking, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(module.os, "_exit", ended.append)
    seat = take(HEAD + "release = []\n@hookimpl\ndef on_fact(fact):\n    while not release: time.sleep(0.01)\n")
    async with seat.running():
        asked = [seat.peer.ask("on_fact", OnFact(FACT, 50)) for _ in range(4)]
        with_errors = await asyncio.gather(*asked, return_exceptions=True)
        assert {str(one) for one in with_errors} == {"TimeoutError: no answer within 50 ms"}
        assert set(ended) == {STUCK}
        seat.host._module.release.append(1)  # type: ignore[union-attr]  # so that its threads end with the test


async def test_a_plugin_whose_login_the_bus_never_hears_of_ends_itself(
    take: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(module.os, "_exit", ended.append)
    monkeypatch.setattr(module, "ENTRY", 0.0)
    host = take(HEARS + "return None").host
    living = asyncio.create_task(host.run())
    async with asyncio.timeout(30):
        while not ended:
            await asyncio.sleep(0.01)
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)
    await host._client.close()
    assert set(ended) == {LOCKED_OUT}


async def test_what_is_in_hand_is_finished_before_the_end(take: Taking) -> None:
    seat = take(HEARS + "await asyncio.sleep(0.2)")
    async with seat.running():
        asked = asyncio.ensure_future(seat.peer.ask("on_fact", OnFact(FACT, 5000)))
        while not seat.host._tasks:
            await asyncio.sleep(0.01)
    assert await asked is None


async def test_who_asks_what_takes_longer_than_the_process_lives_hears_that_at_once(
    take: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LAST_WORDS", 0.01)
    seat = take(HEARS + "await asyncio.sleep(60)")
    async with seat.running():
        asked = asyncio.ensure_future(seat.peer.ask("on_fact", OnFact(FACT, 300_000)))
        while not seat.host._tasks:
            await asyncio.sleep(0.01)
    with pytest.raises(PluginFailed, match="the process was to end, and this took too long"):
        await asked


async def test_a_question_on_its_way_when_the_process_is_told_to_end_is_not_lost(take: Taking) -> None:
    """It is answered, or whoever asks it hears at once that nobody is there."""
    seat = take(HEARS + "return None")
    async with seat.running():
        asked = [asyncio.ensure_future(seat.peer.ask("on_fact", OnFact(FACT, 5000))) for _ in range(100)]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(one) for one in answers} <= {type(None), Unavailable}


async def test_of_several_processes_the_one_that_is_meant_is_asked(take: Taking) -> None:
    """Each worker keeps one: what hangs in the one says nothing of the other."""
    anybody = take(HEAD + "@hookimpl\ndef deliver(notification, target, ctx):\n    return Receipt(str(ctx.data))\n")
    one, two = seats = [anybody.of_worker(name) for name in ("one", "two")]
    living = [asyncio.create_task(seat.host.run()) for seat in seats]
    anybody.let_in()
    for seat in (*seats, anybody):
        await seat.hello()

    async def said(seat: Seat) -> set[str]:
        return {(await seat.peer.ask("deliver", deliver())).detail for _ in range(40)}

    answers = [await said(seat) for seat in (one, two, anybody)]
    for task, seat in zip(living, seats, strict=True):
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await seat.host._client.close()
    assert [len(found) for found in answers] == [1, 1, 2], "who keeps none of its own asks whichever is free"
    assert answers[2] == answers[0] | answers[1]


async def test_an_answer_outlives_that_the_bus_reads_its_logins_anew_meanwhile(take: Taking) -> None:
    """Another plugin is installed, say: a reload makes the server forget who was asked what."""
    waits = "(ctx.data / 'heard').touch()\n    while not (ctx.data / 'go').exists(): await asyncio.sleep(0.01)"
    seat = take(HEARS + waits)
    async with seat.running():
        mine = Path(seat.given.data) / "plugins" / "guest"
        asked = asyncio.ensure_future(seat.peer.ask("on_fact", OnFact(FACT, 5000)))
        while not (mine / "heard").exists():
            await asyncio.sleep(0.01)
        await seat.reload()
        (mine / "go").touch()
        assert await asked is None


async def test_a_plugin_waits_until_the_bus_lets_it_in_and_nobody_else_is_cut_off(
    take: Taking, caplog: pytest.LogCaptureFixture
) -> None:
    """A reload of the logins (SIGHUP) keeps every connection."""
    caplog.set_level("INFO")
    seat = take(HEARS + "return None")
    living = asyncio.create_task(seat.host.run())
    try:
        async with asyncio.timeout(30):
            while "Authorization Violation" not in caplog.text:
                await asyncio.sleep(0.01)
            for _ in range(5):
                await seat.reload()
                await seat.hello()
                await seat.peer.ask("on_fact", OnFact(FACT, 5000))
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
    assert (seat.bus._client.stats["reconnects"], seat.host._client.stats["reconnects"]) == (0, 0)
    await seat.host._client.close()
