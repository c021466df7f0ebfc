import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from amber.bus import ITEMS
from amber.config import IngestConfig, Server, Settings
from amber.errors import PluginError, Reject
from amber.identity.access import Access, KeyCache
from amber.ingest import tally
from amber.ingest.commit import Committer
from amber.ingest.edge import Edge, Parts
from amber.ingest.tally import Tally
from amber.model import (
    Admission,
    Allowance,
    Credential,
    Decoded,
    IngestProtocol,
    IngestRequest,
    IngestRoute,
    ItemNote,
    Limited,
    Principal,
    Project,
    Reading,
    Reply,
    Submission,
    Verdict,
)
from amber.testing.memorybus import MemoryBus
from amber.wire import frames

pytestmark = pytest.mark.anyio
KEY = {"x-key": "good"}


class Blobs:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, key: str, data: bytes) -> None:
        self.kept[key] = data


def read(request: IngestRequest, project: int) -> Reading:
    """A tiny protocol: each line is an item of that category; some words make trouble."""
    if b"broken" in request.body:
        raise Reject("the second line is broken", status=400, causes=("line 2",))
    if b"crash" in request.body:
        raise ZeroDivisionError("a fault of the plugin")
    if b"plugin error" in request.body:
        raise PluginError("tiny", "read", ValueError("deep"))
    items = tuple(ItemNote(word.decode()[:64], word.decode()[:64], len(word)) for word in request.body.split())
    changed = b"CHANGED" if b"change" in request.body else None
    return Reading(items, {"seen": True, "thread": threading.current_thread().name}, "raw", changed)


def credential(request: IngestRequest) -> Credential:
    if "x-key" not in request.headers:
        raise Reject("no key", status=401)
    return Credential(request.headers["x-key"], request.path.get("project", ""))


def refuse(request: IngestRequest, status: int, detail: str, causes: tuple[str, ...]) -> Reply:
    if "x-hopeless" in request.headers:
        raise RuntimeError("cannot even refuse")
    return Reply(status, f"{detail} {causes}".encode(), "text/plain", (("x-refused", "yes"),))


def reply(request: IngestRequest, reading: Reading) -> Reply:
    about = f"{request.client_ip} {dict(request.path)} {dict(request.query)} {len(reading.items)}"
    return Reply(200, about.encode())


TINY = IngestProtocol(
    "tiny",
    (
        IngestRoute("in", "/api/{project}/in/", max_body=1000),
        IngestRoute("big", "/big", methods=("POST", "PUT"), max_body=20 << 20),
    ),
    credential,
    read,
    reply,
    refuse,
    lambda submission: Decoded(),
    (("access-control-allow-origin", "*"),),
    lambda limits: (
        ("x-limits", "; ".join(f"{one.scope} {','.join(one.categories)} {one.retry_after}" for one in limits)),
    ),
    lambda allowance: (("x-left", f"{allowance.remaining} of {allowance.limit}, then in {allowance.reset} s"),),
)


class Client:
    """Speaks ASGI to an edge."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge

    async def send(
        self,
        *chunks: bytes,
        path: str = "/api/1/in/",
        method: str = "POST",
        headers: Mapping[str, str] = KEY,
        **scope: Any,
    ) -> tuple[int, dict[str, str], bytes]:
        messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks[:-1]]
        messages.append({"type": "http.request", "body": chunks[-1] if chunks else b""})
        return await self.say(iter(messages), path, method, headers, **scope)

    async def say(
        self, messages: Iterator[Any], path: str, method: str, headers: Mapping[str, str], **scope: Any
    ) -> tuple[int, dict[str, str], bytes]:
        heard: list[Any] = []

        async def receive() -> Any:
            message = next(messages, None)
            if message is None:
                await asyncio.Event().wait()
            return message

        async def send(message: Any) -> None:
            heard.append(message)

        pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        whole = {"type": "http", "path": path, "method": method, "headers": pairs, "client": ("192.0.2.9", 5)} | scope
        await self.edge(whole, receive, send)
        start, body = heard
        given = {name.decode(): value.decode() for name, value in start["headers"]}
        assert given["content-length"] == str(len(body["body"]))
        return start["status"], given, body["body"]


@pytest.fixture
def blobs() -> Blobs:
    return Blobs()


@pytest.fixture
def passed_on() -> list[str]:
    return []


@pytest.fixture
def make_client(
    house: Any, bus: MemoryBus, blobs: Blobs, project: Project, passed_on: list[str]
) -> Callable[..., Client]:
    def authenticate(request: Any) -> Principal | None:
        return Principal("key", request.key, projects=frozenset({1})) if request.key == "good" else None

    house.add("keys", authenticate)

    async def fallback(scope: Any, receive: Any, send: Any) -> None:
        passed_on.append(scope.get("path", scope["type"]))
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

    def make(*proxies: str, max_in_flight: int = 256 << 20) -> Client:
        settings = Settings(Server(trusted_proxies=proxies), ingest=IngestConfig(max_in_flight=max_in_flight))
        committer = Committer(bus, 1, house.metrics)
        directory: Any = SimpleNamespace(project=lambda ref: project)
        keys = KeyCache(Access(house.dispatcher), directory)
        stored: Any = blobs
        counts = Tally(committer)
        parts = Parts(house.dispatcher, keys, committer, stored, house.metrics, settings, counts)
        edge = Edge(parts)
        edge.serve([TINY], fallback)
        return Client(edge)

    return make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client()


async def submissions(bus: MemoryBus) -> list[Submission]:
    return [one for message in await bus.browse(ITEMS, 0, 99) for one in frames.decode(message.data)]


async def test_what_is_answered_200_is_durable(client: Client, bus: MemoryBus, house: Any) -> None:
    status, headers, body = await client.send(b"error\nattach", b"ment", query_string=b"a=1&b=")
    assert status == 200
    assert body == b"192.0.2.9 {'project': '1'} {'a': '1', 'b': ''} 2"
    assert headers["access-control-allow-origin"] == "*"
    [stored] = await submissions(bus)
    assert (stored.protocol, stored.route, stored.project, stored.encoding) == ("tiny", "in", 1, "raw")
    assert stored.body == b"error\nattachment"
    assert stored.meta["categories"] == ["error", "attachment"]
    assert stored.meta["seen"] is True
    text = house.metrics.render().decode()
    assert 'amber_items_received_total{category="attachment"} 1.0' in text
    assert 'amber_requests_total{protocol="tiny",status="200"} 1.0' in text


async def test_a_request_without_items_is_answered_and_not_kept(client: Client, bus: MemoryBus) -> None:
    assert (await client.send(b""))[0] == 200
    assert await submissions(bus) == []


async def test_a_protocol_may_replace_the_bytes_that_came(client: Client, bus: MemoryBus) -> None:
    await client.send(b"change")
    assert [one.body for one in await submissions(bus)] == [b"CHANGED"]


@pytest.mark.parametrize("path", ["/", "/api/1/other/", "/api/1/2/in/", "/api//in/", "/api/1/in/more"])
async def test_everything_else_goes_to_the_fallback(client: Client, passed_on: list[str], path: str) -> None:
    assert (await client.send(b"error", path=path))[0] == 404
    assert passed_on == [path]


async def test_other_kinds_of_connection_go_to_the_fallback(client: Client, passed_on: list[str]) -> None:
    await client.edge({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert passed_on == ["lifespan"]


@pytest.mark.parametrize("path", ["/api/1/in/", "/api/1/in", "//api//1/in//", "/big/"])
async def test_a_path_is_known_however_its_slashes_fall(client: Client, path: str) -> None:
    assert (await client.send(b"error", path=path))[0] == 200


async def test_a_preflight_is_answered_without_a_key(client: Client, bus: MemoryBus) -> None:
    status, headers, body = await client.send(b"error", method="OPTIONS", headers={})
    assert (status, body, headers["access-control-allow-origin"]) == (200, b"", "*")
    assert await submissions(bus) == []


async def test_a_method_the_route_does_not_take_is_405(client: Client) -> None:
    status, headers, body = await client.send(b"error", method="GET")
    assert (status, headers["x-refused"]) == (405, "yes")
    assert b"GET is not allowed here" in body
    assert (await client.send(b"error", path="/big", method="PUT"))[0] == 200


async def test_a_declared_body_that_is_too_large_is_not_even_read(client: Client) -> None:
    status, _, body = await client.say(iter(()), "/api/1/in/", "POST", {**KEY, "content-length": "1001"})
    assert (status, body) == (413, b"the body has 1001 bytes, at most 1000 are taken ()")


async def test_a_streamed_body_is_cut_off_when_it_grows_too_large(client: Client) -> None:
    def endless() -> Iterator[Any]:
        while True:
            yield {"type": "http.request", "body": bytes(300), "more_body": True}

    headers = {**KEY, "content-length": "many"}
    assert (await client.say(endless(), "/api/1/in/", "POST", headers))[0] == 413
    assert client.edge.memory.used == 0


async def test_a_body_that_does_not_arrive_is_408(client: Client) -> None:
    client.edge.patience.seconds = 0.02
    half = iter([{"type": "http.request", "body": b"err", "more_body": True}])
    assert (await client.say(half, "/api/1/in/", "POST", KEY))[0] == 408
    assert client.edge.memory.used == 0


async def test_a_client_that_goes_away_leaves_nothing_behind(client: Client, bus: MemoryBus) -> None:
    messages = iter([{"type": "http.request", "body": b"err", "more_body": True}, {"type": "http.disconnect"}])
    assert (await client.say(messages, "/api/1/in/", "POST", KEY))[0] == 400
    assert client.edge.memory.used == 0
    assert await submissions(bus) == []


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"x-key": "bad"}, 403)])
async def test_who_has_no_good_key_is_refused(client: Client, headers: dict[str, str], status: int) -> None:
    assert (await client.send(b"error", headers=headers))[0] == status


async def test_a_broken_body_is_refused_with_its_causes_and_counted(client: Client, bus: MemoryBus) -> None:
    status, _, body = await client.send(b"broken")
    assert (status, body) == (400, b"the second line is broken ('line 2',)")
    await client.edge._parts.tally.flush()
    [told] = await submissions(bus)
    assert b'"outcome":"invalid","reason":"http 400"' in told.body


@pytest.mark.parametrize(("word", "cause"), [(b"crash", "a fault of the plugin"), (b"plugin error", "deep")])
async def test_a_protocol_that_crashes_costs_that_request_alone(
    client: Client, house: Any, word: bytes, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await client.send(word))[0] == 500
    assert (await client.send(b"error"))[0] == 200
    assert house.metrics.cost("tiny").errors == 1
    assert cause in house.metrics.cost("tiny").last_error
    assert "plugin tiny failed on a request" in caplog.text
    assert client.edge.memory.used == 0


async def test_a_protocol_that_cannot_even_refuse_is_answered_for(client: Client) -> None:
    for body in (b"crash", b"broken"):
        status, _, answer = await client.send(body, headers={**KEY, "x-hopeless": "1"})
        assert (status, answer) == (500, b"")


async def test_without_a_bus_clients_are_asked_to_come_again(client: Client, bus: MemoryBus) -> None:
    bus.is_up = False
    status, headers, _ = await client.send(b"error")
    assert (status, headers["retry-after"], headers["x-refused"]) == (503, "5", "yes")
    bus.is_up, bus.capacity = True, 0
    assert (await client.send(b"error"))[0] == 503
    bus.capacity = 9
    assert (await client.send(b"error"))[0] == 200


async def test_memory_for_bodies_is_shared_and_given_back(make_client: Callable[..., Client]) -> None:
    client = make_client(max_in_flight=1000)
    half = [{"type": "http.request", "body": bytes(600), "more_body": True}]
    waiting = asyncio.create_task(client.say(iter(half), "/api/1/in/", "POST", KEY))
    while client.edge.memory.used != 600:
        await asyncio.sleep(0)
    status, headers, _ = await client.send(bytes(500))
    assert (status, headers["retry-after"]) == (503, "5")
    assert (await client.send(b"error"))[0] == 200
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert client.edge.memory.used == 0
    assert (await client.send(b"error " * 100))[0] == 200


async def test_a_body_too_large_for_the_bus_is_parked(client: Client, bus: MemoryBus, blobs: Blobs) -> None:
    bus.max_payload = 300 * 1024
    body = b"error " + bytes(400 * 1024)
    assert (await client.send(body, path="/big"))[0] == 200
    [stored] = await submissions(bus)
    assert (stored.body, stored.blob) == (b"", f"bodies/1/{stored.id}")
    assert blobs.kept == {stored.blob: body}


async def test_a_large_body_is_read_beside_the_event_loop(client: Client, bus: MemoryBus) -> None:
    await client.send(b"small", path="/big")
    await client.send(b"large " + b"\n" * 300 * 1024, path="/big")
    small, large = await submissions(bus)
    assert small.meta["thread"] == threading.current_thread().name
    assert large.meta["thread"] != threading.current_thread().name


async def test_an_item_that_is_not_admitted_is_filtered_and_still_answered_200(
    client: Client, bus: MemoryBus, house: Any
) -> None:
    def admit_items(items: Sequence[ItemNote], project: Project) -> Admission:
        found = [position for position, item in enumerate(items) if item.category == "noise"]
        return Admission({position: Verdict("filtered", f"noise in {project.slug}") for position in found})

    house.add("a", admit_items)
    house.add("b", admit_items=lambda items: Admission({1: Verdict("rate_limited", "too late to say so")}))
    assert (await client.send(b"error noise error"))[0] == 200
    [stored] = await submissions(bus)
    assert list(stored.dropped) == [1]
    assert (stored.dropped[1].outcome, stored.dropped[1].reason) == ("filtered", "noise in shop")
    assert stored.dropped[1].hour == int(stored.received_at // 3600)


async def test_an_item_over_a_limit_is_429_and_the_rest_is_kept(client: Client, bus: MemoryBus, house: Any) -> None:
    over = {0: Verdict("rate_limited", "spike", 1.2, "key"), 2: Verdict("rate_limited", "spike", 7.1, "key")}
    more = {1: Verdict("over_quota", "month", 60.0, "organisation")}
    house.add("a", admit_items=lambda items: Admission(over))
    house.add("b", admit_items=lambda items: Admission(more))
    status, headers, body = await client.send(b"error log trace kept")
    assert (status, headers["retry-after"]) == (429, "60")
    assert body.startswith(b"rate limited: ")
    assert set(headers["x-limits"].split("; ")) == {"key error,trace 7.1", "organisation log 60.0"}
    [stored] = await submissions(bus)
    assert sorted(stored.dropped) == [0, 1, 2]
    assert {one.outcome for one in stored.dropped.values()} == {"rate_limited", "over_quota"}


async def test_a_request_of_which_nothing_is_kept_only_counts(client: Client, bus: MemoryBus, house: Any) -> None:
    house.add("a", admit_items=lambda items: Admission({0: Verdict("rate_limited", "spike", 0.2, "key")}))
    status, headers, _ = await client.send(b"error")
    assert (status, headers["retry-after"]) == (429, "1")
    assert await refusals(client, bus) == [("error", "rate_limited", "spike", 1, 1)]


async def test_what_is_in_force_and_what_is_left_is_told_on_any_answer(client: Client, house: Any) -> None:
    told = Limited(("log",), 9.0, "project", "project_cap")
    house.add("a", admit_items=lambda items: Admission(limited=(told,), allowance=Allowance(10, 7, 1.5)))
    house.add("b", admit_items=lambda items: Admission(allowance=Allowance(5, 2, 0.5)))
    status, headers, _ = await client.send(b"error")
    assert (status, headers["x-limits"], headers["x-left"]) == (200, "project log 9.0", "2 of 5, then in 0.5 s")
    assert "retry-after" not in headers


async def refusals(client: Client, bus: MemoryBus) -> list[tuple[str, str, str, int, int]]:
    """What the tally tells: category, outcome, reason, quantity, project."""
    await client.edge._parts.tally.flush()
    told = [count for one in await submissions(bus) for count in tally.decode(one).outcomes]
    return [(one.category, one.outcome, one.reason, one.quantity, one.project) for one in told]


REFUSED = [
    ({}, b"error", "/api/1/in/", 0, "invalid", "http 401"),
    ({"x-key": "bad"}, b"error", "/api/1/in/", 0, "invalid", "http 403"),
    (KEY, b"broken", "/api/1/in/", 1, "invalid", "http 400"),
    (KEY, b"x" * 2000, "/api/1/in/", 0, "invalid", "http 413"),
    (KEY, b"crash", "/api/1/in/", 1, "invalid", "http 500"),
]


@pytest.mark.parametrize(("headers", "body", "path", "project", "outcome", "reason"), REFUSED)
async def test_a_request_that_is_refused_whole_counts_as_one(
    client: Client, bus: MemoryBus, headers: Any, body: bytes, path: str, project: int, outcome: str, reason: str
) -> None:
    assert f"http {(await client.send(body, path=path, headers=headers))[0]}" == reason
    assert await refusals(client, bus) == [("default", outcome, reason, 1, project)]


async def test_what_cannot_be_kept_now_counts_item_by_item(client: Client, bus: MemoryBus) -> None:
    bus.is_up = False
    assert (await client.send(b"error log error"))[0] == 503
    bus.is_up = True
    assert sorted(await refusals(client, bus)) == [
        ("error", "rate_limited", "http 503", 2, 1),
        ("log", "rate_limited", "http 503", 1, 1),
    ]


def fail() -> str:
    raise ZeroDivisionError


async def never() -> str:
    await asyncio.Event().wait()
    return "never"


@pytest.mark.parametrize(
    "bad",
    [
        fail,
        never,
        lambda: {},
        lambda: Admission({7: Verdict("filtered", "")}),
        lambda: Admission({0: "no"}),  # type: ignore[dict-item]
    ],
)
async def test_an_item_is_kept_when_a_plugin_cannot_decide(
    client: Client, bus: MemoryBus, house: Any, bad: Any
) -> None:
    house.add("bad", admit_items=bad, budget_ms=20)
    assert (await client.send(b"error"))[0] == 200
    assert [one.dropped for one in await submissions(bus)] == [{}]
    assert house.metrics.cost("bad").errors == 1


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        ((), "203.0.113.7", "192.0.2.9"),
        (("192.0.2.0/24",), "203.0.113.7", "203.0.113.7"),
        (("192.0.2.0/24",), "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (("192.0.2.9", "203.0.113.0/24"), "198.51.100.1, 203.0.113.7", "198.51.100.1"),
        (("192.0.2.9",), "", "192.0.2.9"),
        (("192.0.2.9",), "unknown, 192.0.2.9", "unknown"),
    ],
)
async def test_a_trusted_proxy_says_who_the_client_is(
    make_client: Callable[..., Client], proxies: tuple[str, ...], forwarded: str, expected: str
) -> None:
    _, _, body = await make_client(*proxies).send(b"error", headers={**KEY, "x-forwarded-for": forwarded})
    assert body.decode().split(" ")[0] == expected


async def test_an_answer_that_goes_on_ends_when_the_edge_does(make_client: Callable[..., Client]) -> None:
    client = make_client()
    heard: list[Any] = []

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        while not heard or heard[-1]["type"] != "http.disconnect":
            heard.append(await receive())

    client.edge.serve([TINY], stream)
    silent = asyncio.Event()
    sent = iter([{"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.request", "body": b"y"}])

    async def receive() -> Any:
        message = next(sent, None)
        if message is None:
            await silent.wait()  # a client that listens says nothing more
        return message

    asking = asyncio.create_task(client.edge({"type": "http", "path": "/live", "headers": []}, receive, receive))
    while len(heard) < 2:
        await asyncio.sleep(0)
    assert not asking.done()
    client.edge.end()
    await asking
    assert [message["type"] for message in heard] == ["http.request", "http.request", "http.disconnect"]
