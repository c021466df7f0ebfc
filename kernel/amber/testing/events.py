"""Events in normal form: those that real apps send, and the parts that hypothesis makes hostile ones of."""

from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import Struct

from amber.model import Event, Project
from amber.testing.stores import HOSTILE_TEXTS, NOON

PROJECT = Project(1, 1, "shop", "Shop", "python", NOON)
"""The project these events belong to."""


CAPTURED = Path(__file__).with_name("captured.json")


class Trace(Struct, frozen=True):
    """An exception as it is written down here; frames are (function, file, line, in-app), oldest call first."""

    type: str
    value: str
    frames: tuple[tuple[str, str, int, bool], ...]
    module: str = ""


def exception(trace: Trace) -> dict[str, Any]:
    """The trace in normal form."""
    frames = [
        {"function": function, "filename": file, "lineno": line, "in_app": in_app, "context_line": f"  {function}()"}
        for function, file, line, in_app in trace.frames
    ]
    named = {"module": trace.module} if trace.module else {}
    return {"type": trace.type, "value": trace.value, "stacktrace": {"frames": frames}, **named}


def make_event(number: int, kind: str = "error", **data: Any) -> Event:
    """The event with this number, received a second after it happened."""
    body = {"event_id": f"{number:032x}", "level": "error", "platform": "other", **data}
    return Event(f"{number:032x}", PROJECT.id, kind, NOON + number, NOON + number + 1, body)


def platform_event(number: int, platform: str, *chain: Trace, **data: Any) -> Event:
    """An error of this platform with its chain of exceptions, the oldest cause first."""
    values = [exception(trace) for trace in chain]
    return make_event(number, platform=platform, exception={"values": values}, **data)


def real_events() -> list[Event]:
    """One event of each platform and kind, complete as SDKs send them."""
    return [_python_event(), *_server_events(), *_client_events(), *_other_events()]


def captured_events() -> list[Event]:
    """Events that real SDKs sent to Amber once, as its decoder gives them (`tools/captures.py` wrote them down)."""
    return msgspec.json.decode(CAPTURED.read_bytes(), type=list[Event])


def corpus() -> list[Event]:
    """All events of real shapes that there are: those written here and those that were captured."""
    return [*real_events(), *captured_events()]


def _python_event() -> Event:
    return platform_event(
        1,
        "python",
        Trace("KeyError", "'total'", (("total", "shop/cart.py", 12, True),)),
        Trace(
            "CartError",
            "cart 4711 has no total",
            (("wsgi", "django/core/handlers.py", 55, False), ("checkout", "shop/views.py", 88, True)),
            module="shop.errors",
        ),
        release="shop@2.3.1",
        environment="production",
        transaction="/checkout",
        tags=[["server_name", "web-eu-1-blue"], ["browser", "Firefox 128"]],
        user={"id": "7", "email": "ada@example.org", "ip_address": "192.0.2.7"},
        request={"method": "POST", "url": "https://shop.example/checkout", "headers": [["Accept", "text/html"]]},
        breadcrumbs={"values": [{"timestamp": NOON, "category": "query", "message": "SELECT 1", "level": "info"}]},
        contexts={"runtime": {"type": "runtime", "name": "CPython", "version": "3.12.1"}},
        extra={"cart": {"items": [1, 2.5, None], "coupon": ""}},
        modules={"django": "5.0"},
        sdk={"name": "sentry.python", "version": "2.20.0"},
    )


def _server_events() -> list[Event]:
    return [
        platform_event(
            2,
            "java",
            Trace("SQLException", "connection reset", (("read", "Socket.java", 9, False),), module="java.sql"),
            Trace(
                "IllegalStateException",
                "order 12 is not payable",
                (("invoke0", "Method.java", -2, False), ("pay", "OrderService.java", 141, True)),
                module="java.lang",
            ),
            tags=[["server_name", "api-7"]],
        ),
        platform_event(3, "go", Trace("*errors.errorString", "no rows", (("main.load", "/srv/main.go", 31, True),))),
        platform_event(4, "rust", Trace("ParseIntError", "invalid digit", (("app::read", "src/main.rs", 7, True),))),
        platform_event(5, "csharp", Trace("System.NullReferenceException", "Object", (("Get", "Cart.cs", 3, True),))),
        platform_event(6, "php", Trace("TypeError", "must be int", (("App\\Cart::add", "Cart.php", 20, True),))),
        platform_event(7, "ruby", Trace("NoMethodError", "nil.total", (("total", "cart.rb", 5, True),))),
    ]


def _client_events() -> list[Event]:
    return [
        platform_event(
            8,
            "javascript",
            Trace(
                "TypeError",
                "Cannot read properties of undefined (reading 'id')",
                (("?", "https://shop.example/static/app.5f3a2c1e.js", 1, True),),
            ),
            request={"url": "https://shop.example/cart", "headers": [["User-Agent", "Mozilla/5.0"]]},
            contexts={"browser": {"type": "browser", "name": "Chrome", "version": "126.0"}},
            release="5f3a2c1e",
        ),
        platform_event(9, "node", Trace("Error", "ECONNREFUSED", (("connect", "node:net", 1607, False),))),
        platform_event(10, "cocoa", Trace("EXC_BAD_ACCESS", "at 0x0", (("main", "", 0, True),)), debug_meta={}),
        platform_event(11, "native", Trace("SIGSEGV", "Segfault", (("<unknown>", "/lib/libc.so.6", 0, False),))),
        platform_event(12, "other", Trace("", "", ())),
    ]


def _other_events() -> list[Event]:
    csp = {"document_uri": "https://shop.example/", "effective_directive": "img-src", "blocked_uri": "data"}
    feedback = {"feedback": {"message": "It hangs", "contact_email": "ada@example.org", "name": "Ada"}}
    return [
        make_event(13, "default", logentry={"message": "slow: %s", "params": ["7 s"], "formatted": "slow: 7 s"}),
        make_event(
            14, "default", level="info", logentry={"formatted": "started"}, fingerprint=["boot", "{{ default }}"]
        ),
        make_event(15, "csp", csp=csp, logger="csp"),
        make_event(16, "feedback", contexts=feedback),
        make_event(17, "default"),
    ]


TEXTS = st.text(max_size=30) | st.sampled_from(HOSTILE_TEXTS)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS).map(list), max_size=5)
NUMBERS = st.none() | st.integers(-(2**63), 2**63 - 1)


def _some(texts: str, **fields: "st.SearchStrategy[Any]") -> "st.SearchStrategy[dict[str, Any]]":
    """Objects with any of these fields; those named in `texts` hold text."""
    return st.fixed_dictionaries({}, optional={**dict.fromkeys(texts.split(), TEXTS), **fields})


def _shape(texts: str, **fields: "st.SearchStrategy[Any]") -> "st.SearchStrategy[dict[str, Any]]":
    """The same, where each field may also be null."""
    every = {**dict.fromkeys(texts.split(), TEXTS), **fields}
    return st.fixed_dictionaries({}, optional={name: st.none() | kind for name, kind in every.items()})


def _values(entries: "st.SearchStrategy[Any]") -> "st.SearchStrategy[Any]":
    return st.fixed_dictionaries({"values": st.lists(entries, max_size=3)})


FRAMES = _shape(
    "function module filename abs_path package context_line platform raw_function",
    lineno=NUMBERS,
    colno=NUMBERS,
    in_app=st.booleans(),
    vars=OBJECTS,
    pre_context=st.lists(TEXTS, max_size=3),
)
STACKS = _shape("", frames=st.lists(FRAMES, max_size=4))
MECHANISMS = _shape("type", handled=st.booleans(), is_exception_group=st.booleans(), data=OBJECTS)
EXCEPTIONS = _shape("type value module", stacktrace=STACKS, mechanism=MECHANISMS)
CRUMBS = _shape("type category message level", data=OBJECTS)
BODIES = _some(
    "release environment transaction culprit server_name logger platform dist",
    exception=_values(EXCEPTIONS),
    threads=_values(_shape("name", stacktrace=STACKS, crashed=st.booleans())),
    stacktrace=STACKS,
    logentry=_shape("message formatted", params=VALUES),
    breadcrumbs=_values(CRUMBS),
    tags=PAIRS,
    user=_shape("id email username ip_address", data=OBJECTS),
    request=_shape("url method", headers=PAIRS, query_string=PAIRS, cookies=PAIRS, data=VALUES, env=OBJECTS),
    contexts=st.dictionaries(TEXTS, OBJECTS, max_size=3),
    extra=OBJECTS,
    fingerprint=st.lists(TEXTS, max_size=3),
)
"""Bodies whose known fields have the types the normal form promises; whatever it leaves open holds any JSON."""


def extreme_events() -> list[Event]:
    """Events that are deep, wide, long or nearly empty."""
    deep: Any = "bottom"
    for level in range(100):
        deep = {"level": level, "in": [deep]}
    call = ("recurse", "loop.py", 1, True)
    long = Trace("E" * 100, "x" * 100_000, (call,) * 1000)
    return [
        make_event(1, extra={"deep": deep}, contexts={"deep": deep}),
        make_event(2, extra={str(number): number for number in range(5000)}, tags=[["k", "v" * 200]] * 200),
        platform_event(3, "python", long),
        platform_event(4, "python", *[Trace("Error", text, (call,)) for text in HOSTILE_TEXTS] * 5),
        make_event(5, exception={"values": []}, user={}, tags=[], request={}, logentry={}),
    ]
