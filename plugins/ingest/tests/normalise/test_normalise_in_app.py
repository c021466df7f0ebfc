"""Whose frame it is, for platforms whose SDK cannot tell."""

from collections.abc import Callable
from typing import Any

import pytest

from amber.model import Event

Normal = Callable[..., Event]
CARGO = "/build/.cargo/registry/src/index-1949cf8c6b5b557f/anyhow-1.0.104/src/context.rs"


def marked(normal: Normal, platform: str, *frames: dict[str, Any]) -> list[bool | None]:
    event = normal(platform=platform, exception={"values": [{"type": "E", "stacktrace": {"frames": list(frames)}}]})
    return [frame.get("in_app") for frame in event.data["exception"]["values"][0]["stacktrace"]["frames"]]


@pytest.mark.parametrize(
    ("platform", "frame"),
    [
        ("go", {"abs_path": "/build/pkg/mod/example.org/router@v1.9.0/router.go"}),
        ("go", {"filename": "example.org/router@v1.9.0/router.go"}),
        ("go", {"abs_path": "/srv/shop/vendor/example.org/router/router.go"}),
        ("java", {"module": "java.util.HashMap"}),
        ("java", {"module": "org.springframework.web.servlet.DispatcherServlet"}),
        ("java", {"module": "kotlin.collections.MapsKt"}),
        ("javascript", {"filename": "<anonymous>", "function": "Array.map"}),
        ("javascript", {"filename": "https://shop.example/node_modules/react/index.js"}),
        ("javascript", {"filename": "chrome-extension://abcdefgh/inject.js"}),
        ("node", {"filename": "node:events"}),
        ("node", {"filename": "C:\\shop\\node_modules\\express\\index.js"}),
        ("python", {"abs_path": "/usr/lib/python3.12/json/decoder.py"}),
        ("python", {"abs_path": "/srv/shop/.venv/lib64/python3.12/site-packages/flask/app.py"}),
        ("python", {"abs_path": "<frozen importlib._bootstrap>"}),
        ("native", {"abs_path": "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/rt.rs"}),
        ("native", {"abs_path": CARGO, "function": "<E as anyhow::context::ext::StdError>::ext_context"}),
        ("native", {"function": "sentry_panic::panic_handler::{{closure}}", "package": "sentry_panic"}),
        ("native", {"function": "<alloc::boxed::Box<F> as core::ops::Fn>::call"}),
        ("native", {"function": "__libc_start_main_impl", "abs_path": "./csu/../csu/libc-start.c"}),
        ("native", {"function": "malloc", "package": "/usr/lib/libc.so.6"}),
    ],
)
def test_a_frame_of_a_library_is_not_the_apps(normal: Normal, platform: str, frame: dict[str, Any]) -> None:
    own = {"function": "shop::check_out", "module": "shop.Cart", "filename": "/srv/shop/cart", "in_app": True}
    assert marked(normal, platform, own, frame) == [True, False]


@pytest.mark.parametrize(
    ("platform", "frame"),
    [
        ("go", {"abs_path": "/build/pkg/mod/example.org/router@v1.9.0/router.go"}),
        ("javascript", {"filename": "<anonymous>", "function": "Array.map"}),
        ("native", {"abs_path": CARGO, "function": "<E as anyhow::context::ext::StdError>::ext_context"}),
        ("native", {"function": "main"}),
        ("native", {"function": "at /rustc/59807616e1fa/library/core/src/ops/function.rs:287:21"}),
    ],
)
def test_an_sdk_that_guesses_is_corrected(normal: Normal, platform: str, frame: dict[str, Any]) -> None:
    own = {"function": "shop::check_out", "filename": "/srv/shop/cart", "in_app": True}
    assert marked(normal, platform, own, {**frame, "in_app": True}) == [True, False]


@pytest.mark.parametrize(
    ("platform", "frame"),
    [
        ("java", {"module": "org.springframework.samples.Clinic"}),
        ("python", {"abs_path": "/opt/lib/python3.12/site-packages/shop/cart.py"}),
    ],
)
def test_what_the_users_own_settings_made_of_a_frame_stays(
    normal: Normal, platform: str, frame: dict[str, Any]
) -> None:
    assert marked(normal, platform, {**frame, "in_app": True}) == [True]


def test_an_sdk_that_was_told_which_frames_are_the_apps_is_believed(normal: Normal) -> None:
    ours, open_one = {"abs_path": CARGO, "in_app": True}, {"function": "shop::check_out", "filename": "cart.rs"}
    assert marked(normal, "native", ours, open_one) == [True, None]


def test_what_is_of_no_library_is_the_apps_where_nothing_else_is(normal: Normal) -> None:
    frames = {"module": "shop.Cart"}, {"module": "java.util.HashMap"}, {"module": "shop.Price"}
    assert marked(normal, "java", *frames) == [True, False, True]


def test_frames_nobody_knows_stay_open_beside_those_of_the_app(normal: Normal) -> None:
    assert marked(normal, "java", {"module": "shop.Cart", "in_app": True}, {"module": "pay.Card"}) == [True, None]
    assert marked(normal, "native", {"function": "pay", "package": "/srv/shop"}) == [None]


def test_a_platform_nobody_knows_is_left_alone(normal: Normal) -> None:
    assert marked(normal, "elixir", {"filename": "/deps/node_modules/a.ex"}) == [None]


def test_a_frame_may_be_of_another_platform_than_its_event(normal: Normal) -> None:
    script = {"platform": "javascript", "filename": "<anonymous>", "in_app": True}
    assert marked(normal, "java", {"module": "shop.Cart"}, script) == [True, False]


def test_threads_and_the_events_own_stack_are_marked_too(normal: Normal) -> None:
    stack = {"frames": [{"module": "java.lang.Thread"}]}
    event = normal(platform="java", threads=[{"id": 1, "stacktrace": stack}, {"id": 2}], stacktrace=stack)
    [thread, _] = event.data["threads"]["values"]
    assert [one["stacktrace"]["frames"][0]["in_app"] for one in (thread, event.data)] == [False, False]
