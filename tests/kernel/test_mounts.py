"""Which application answers a request."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar, asgi
from litestar.handlers import HTTPRouteHandler
from litestar.testing import TestClient
from litestar.types import Receive, Scope, Send

from amber.running.mounts import Mounts

TEMPLATES = st.lists(st.sampled_from(("a", "b", "{x:str}")), min_size=1, max_size=3).map(tuple)
SEGMENTS = ("a", "b", "{}", "{*}", "x")


def app(*ways: tuple[str, str]) -> Litestar:
    """An application that answers each method and path with its path's template."""
    return Litestar([_handler(method, path) for method, path in ways], openapi_config=None, logging_config=None)


def _handler(method: str, path: str) -> HTTPRouteHandler:
    async def answer() -> str:
        return f"{method} {path}"

    made: HTTPRouteHandler = HTTPRouteHandler(path, http_method=method, status_code=200)(answer)
    return made


def mounted(*apps: Litestar) -> Mounts:
    mounts = Mounts(app(("GET", "/health")))
    for one in apps:
        mounts.mount(one)
    return mounts


def test_the_most_literal_path_wins_whoever_came_first() -> None:
    rest, any_one, exact = app(("GET", "/a/{r:path}")), app(("GET", "/a/{one:str}")), app(("GET", "/a/b"))
    mounts = mounted(rest, any_one, exact)
    assert mounts.find("GET", "/a/b") is exact
    assert mounts.find("GET", "/a/b/") is exact
    assert mounts.find("GET", "/a/c") is any_one
    assert mounts.find("GET", "/a/c/d") is rest
    assert mounts.find("GET", "/b") is mounts.find("GET", "/health")


def test_a_dead_end_is_walked_back_from() -> None:
    deep, wide = app(("GET", "/a/b/c")), app(("GET", "/{x:str}/{y:str}/d"))
    mounts = mounted(deep, wide)
    assert mounts.find("GET", "/a/b/c") is deep
    assert mounts.find("GET", "/a/b/d") is wide


def test_two_plugins_may_share_a_path_with_methods_of_their_own() -> None:
    page, form = app(("GET", "/login")), app(("POST", "/login"))
    with TestClient(mounted(page, form)) as client:
        assert (client.get("/login").text, client.post("/login").text) == ("GET /login", "POST /login")
        assert client.delete("/login").status_code == 405


def test_what_is_anothers_is_not_taken_and_nothing_beside_it_is_served() -> None:
    mine, thief = app(("GET", "/a/{one:str}")), app(("GET", "/b"), ("GET", "/a/{other:int}"))
    mounts = mounted(mine)
    with pytest.raises(ValueError, match=r"GET /a/\{other:int\} is another plugin's"):
        mounts.mount(thief)
    assert mounts.find("GET", "/a/1") is mine
    assert mounts.find("GET", "/b") is mounts.find("GET", "/health")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = f"{scope['path']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def test_an_application_of_another_make_answers_all_below_its_path() -> None:
    strange = Litestar(
        [asgi("/strange", is_mount=True, copy_scope=True)(echo)], openapi_config=None, logging_config=None
    )
    mounts = mounted(strange, app(("GET", "/other")))
    with TestClient(mounts) as client:
        assert client.get("/strange").status_code == 200
        assert client.put("/strange/a/b").text == "/a/b/"
        assert client.get("/other").text == "GET /other"
    with pytest.raises(ValueError, match="another plugin's"):
        mounts.mount(app(("GET", "/strange")))


@given(
    st.lists(TEMPLATES, unique=True, min_size=1, max_size=8),
    st.lists(st.sampled_from(SEGMENTS), max_size=5),
)
@settings(deadline=None)  # the first few make the applications
def test_a_path_is_found_where_a_template_fits_it(templates: list[tuple[str, ...]], segments: list[str]) -> None:
    apps = {template: serving(template) for template in templates}
    mounts = mounted(*apps.values())
    fitting = [
        template
        for template in templates
        if len(template) == len(segments)
        and all(given in ("{x:str}", segment) for given, segment in zip(template, segments, strict=True))
    ]
    found = mounts.find("GET", "/" + "/".join(segments))
    best = min(fitting, key=lambda template: [given == "{x:str}" for given in template], default=None)
    assert found is (apps[best] if best is not None else mounts.find("GET", "/health"))


@cache
def serving(template: tuple[str, ...]) -> Litestar:
    """An application with this path; what may be anything is given names, for one path may not hold a name twice."""
    return app(("GET", "/" + "/".join(one.replace("{x", f"{{x{at}") for at, one in enumerate(template))))
