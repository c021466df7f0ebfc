"""What stands in the kernel for a plugin elsewhere: its forms, its hooks, and what is made of its silence."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from amber.config import Secret
from amber.errors import PluginError, Retry, Unavailable
from amber.hosting.proxy import Peer, ProcessEnded, Proxy, struct_of
from amber.hosting.rpc import HELLO, QUESTIONS, Hello, OnFact, Reply, Trouble, encode
from amber.model import Additions, Fact, FormField, Receipt
from amber.plugin.context import Context, Services
from amber.plugin.forms import fields_of, fill
from amber.plugin.manifest import Manifest
from amber.plugin.spec import hooks
from amber.testing.events import PROJECT, make_event
from amber.testing.memorybus import MemoryBus
from amber.testing.targets import news

MANIFEST = Manifest("guest", "Guest", "A stranger's.", ("integrations",))
FACT = Fact("f1", "issue.created", 1, 1.0, {})
Answer = Callable[[str, bytes], Awaitable[Any]]


class Line(MemoryBus):
    """A bus with a plugin at its other end that answers like this; what it was asked is kept."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer, self.asked = answer, list[tuple[str, Any]]()

    async def request(self, subject: str, data: bytes, seconds: float) -> bytes:
        what = subject.rpartition(".")[2]
        if what != HELLO:
            self.asked.append((what, msgspec.json.decode(data, type=QUESTIONS[what])))
        async with asyncio.timeout(seconds):
            said = await self.answer(what, data)
        return encode(said if isinstance(said, Reply) else Reply(msgspec.Raw(encode(said))))


def peer_with(answer: Answer, budget_ms: int = 50) -> tuple[Peer, Line]:
    line = Line(answer)
    return Peer(msgspec.structs.replace(MANIFEST, budget_ms=budget_ms), lambda: line), line


def field(name: str, kind: Any = "text", default: Any = None, **more: Any) -> FormField:
    values = {"description": f"the {name}", "is_required": False, "choices": (), **more}
    return FormField(name=name, kind=kind, default=default, **values)


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
DEFAULTS = {
    "text": st.text(max_size=9),
    "number": st.integers(-9, 9),
    "boolean": st.booleans(),
    "list": st.lists(st.text(max_size=3), max_size=2),
}
FIELDS = st.one_of(
    *(
        st.builds(field, NAMES, st.just(kind), DEFAULTS[kind])
        | st.builds(field, NAMES, st.just(kind), is_required=st.just(True))
        for kind in DEFAULTS
    ),
    st.builds(field, NAMES, st.just("secret"), is_required=st.booleans()),
    st.builds(field, NAMES, st.just("choice"), st.just("good"), choices=st.just(("good", "bad"))),
)


@given(st.lists(FIELDS, unique_by=lambda one: one.name, max_size=5))
def test_a_form_is_the_same_after_its_way_over_the_bus(fields: list[FormField]) -> None:
    hello = msgspec.json.decode(encode(Hello(config=tuple(fields), target=tuple(fields))), type=Hello)
    proxy = Proxy(peer_with(asyncio.sleep)[0], hello)
    for schema in (proxy.Config, proxy.TargetConfig):
        asked = {one.name: one for one in fields_of(schema)}
        assert {one.name: (one.kind, one.is_required, one.choices, one.description) for one in fields} == {
            name: (one.kind, one.is_required, one.choices, one.description) for name, one in asked.items()
        }
        for one in fields:
            assert encode(asked[one.name].default) == encode(one.default) or one.default is None


@pytest.mark.parametrize("name", ["", "a b", "1", "__class__", "_hidden", "a.b", "a-b"])
def test_a_field_that_no_form_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name for a field"):
        struct_of("TargetConfig", [field(name)])


def test_a_choice_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="is a choice of nothing"):
        struct_of("TargetConfig", [field("mood", "choice")])


def test_what_nobody_entered_is_what_the_plugin_would_take_it_for() -> None:
    made = struct_of(
        "TargetConfig", [field("room"), field("key", "secret"), field("most", "number"), field("x", "list")]
    )
    filled: Any = fill(made, {})
    assert (filled.room, filled.key, filled.most, filled.x) == ("", "", None, None)


def test_what_no_form_can_ask_for_is_left_to_the_configuration_file() -> None:
    odd = (field("table", "text", {"a": 1}), field("rows", "list", [{"a": 1}]), field("plain", "text", "x"))
    proxy = Proxy(peer_with(asyncio.sleep)[0], Hello(config=odd))
    assert [one.name for one in fields_of(proxy.Config)] == ["plain"]
    same = proxy.Config
    proxy.heed(Hello(config=odd, health="unwell"))
    assert proxy.Config is same
    assert proxy.plugin_health() == "unwell"


def test_the_budget_is_the_manifests_or_the_hooks() -> None:
    assert peer_with(asyncio.sleep, 70)[0].budget_ms("on_fact") == 70
    assert peer_with(asyncio.sleep, 0)[0].budget_ms("on_fact") == hooks()["on_fact"].budget_ms


@pytest.mark.anyio
async def test_without_a_bus_nobody_is_there_to_be_asked() -> None:
    with pytest.raises(Unavailable, match="no bus to ask over"):
        await Peer(MANIFEST, lambda: None).hello(1)


@pytest.mark.anyio
async def test_a_process_that_ended_is_told_from_whoever_gave_up_asking() -> None:
    peer, _ = peer_with(lambda *_: asyncio.sleep(60))
    asked = [asyncio.create_task(peer.ask("on_fact", OnFact(FACT, 50))) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked[0]
    peer.abandon("it was killed")
    with pytest.raises(ProcessEnded, match="it was killed"):
        await asked[1]


@pytest.mark.anyio
async def test_one_that_was_late_is_asked_nothing_more_until_it_says_hello() -> None:
    silent = asyncio.Event()

    async def answer(what: str, _: bytes) -> Any:
        if not silent.is_set():
            await asyncio.sleep(60)
        return Hello() if what == HELLO else None

    peer, line = peer_with(answer)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await peer.ask("on_fact", OnFact(FACT, 50))
    for _ in range(2):
        with pytest.raises(Unavailable, match="has to say hello first"):
            await peer.ask("on_fact", OnFact(FACT, 50))
    with pytest.raises(TimeoutError):
        await peer.hello(0.01)
    assert len(line.asked) == 1
    silent.set()
    await peer.hello(1)
    assert await peer.ask("on_fact", OnFact(FACT, 50)) is None


@pytest.mark.anyio
async def test_a_hello_that_was_overtaken_says_nothing_of_what_came_after() -> None:
    came, go = asyncio.Event(), asyncio.Event()

    async def answer(what: str, _: bytes) -> Any:
        came.set()
        await go.wait()
        return Hello()

    peer, _ = peer_with(answer)
    asking = asyncio.create_task(peer.hello(5))
    await came.wait()
    peer.in_doubt.set()
    go.set()
    await asking
    assert peer.in_doubt.is_set()


class Config(Struct, frozen=True):
    greeting: str = "hello"
    key: Secret = Secret("k3y")


@pytest.mark.anyio
async def test_the_dispatcher_asks_it_like_any_plugin(house: Any, tmp_path: Path) -> None:
    answers: dict[str, Any] = {
        "on_fact": None,
        "deliver": Receipt("taken"),
        "enrich_events": [Additions(tags={"a": "b"}), None],
        "evaluate_fact": [],
    }

    async def answer(what: str, _: bytes) -> Any:
        return answers[what]

    peer, line = peer_with(answer)
    own: Config | None = None
    services = Services(tmp_path)
    services.settings = lambda plugin, config, project: own or config
    house.manager.register(Proxy(peer, Hello(hooks=tuple(answers))), name="guest")
    house.dispatcher.contexts["guest"] = Context(MANIFEST, Config(), services)
    events = [make_event(1), make_event(2)]

    async def ask(hook: str, **arguments: Any) -> Any:
        return await house.dispatcher.ask("guest", hook, lambda value: value, **arguments)

    assert await ask("on_fact", fact=FACT) is None
    assert await ask("deliver", notification=news(), target={"token": Secret("t")}) == Receipt("taken")
    assert await ask("enrich_events", events=events, project=PROJECT) == (Additions(tags={"a": "b"}), None)
    assert line.asked[-1][1].settings == {}
    own = Config("howdy")
    assert await ask("evaluate_fact", fact=FACT, project=PROJECT) == ()
    assert line.asked[-1][1].settings == {"greeting": "howdy", "key": "k3y"}

    answers["on_fact"] = Reply(error=Trouble("retry", "later", 7))
    with pytest.raises(Retry, match="later"):
        await ask("on_fact", fact=FACT)
    answers["on_fact"] = Reply(error=Trouble("failed", "KeyError: 'x'"))
    with pytest.raises(PluginError, match="KeyError: 'x'"):
        await ask("on_fact", fact=FACT)
    answers["enrich_events"] = Reply(error=Trouble("unavailable", "starting"))
    assert await ask("enrich_events", events=events, project=PROJECT) == [None, None], "which is no failure"
