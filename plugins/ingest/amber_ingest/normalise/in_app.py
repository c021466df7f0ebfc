"""Which frames are the app's own, where the SDK could not know and a frame's place or name tells."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct

Frame = dict[str, Any]

# A module cache keeps each version of a module in a folder of its own; the SDK only knows the standard library.
_GO = re.compile(r"@v\d[^/]*/|/(?:vendor|third_party)/")
_NODE = re.compile(r"/node_modules/|^node:|^<anonymous>$|^native$")
_BROWSER = re.compile(
    r"/node_modules/|^<anonymous>$|^native$|^\[native code\]$|^(?:chrome|moz|safari|safari-web)-extension:"
)
_PYTHON = re.compile(r"/(?:site|dist)-packages/|/lib(?:64)?/python\d[.\d]*/|^<frozen ")
_JAVA = re.compile(
    r"(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|clojure|android|androidx|dalvik|com\.android"
    r"|io\.sentry|org\.springframework|org\.apache|org\.hibernate|org\.eclipse|org\.jboss|org\.junit|org\.slf4j"
    r"|ch\.qos\.logback|com\.fasterxml\.jackson|com\.zaxxer\.hikari|io\.netty|io\.micronaut|io\.quarkus|io\.vertx"
    r"|io\.undertow|io\.grpc|io\.reactivex|reactor|rx|okhttp3|okio|retrofit2|com\.google\.(?:common|inject))\."
)
# Rust's own source, crates of a registry or a repository, and the C library that calls `main`.
_NATIVE = re.compile(r"^/rustc/|/\.cargo/(?:registry|git)/|^\.{1,2}/(?:csu|nptl|sysdeps)/|^/(?:usr/)?lib(?:32|64)?/")
_CRATE = re.compile(
    r"[<&]*(?:std|core|alloc|test|proc_macro|__rustc|backtrace|sentry|anyhow|eyre|log|tracing|tokio|futures|rayon|hyper"
    r"|tower|axum|actix|serde|reqwest)(?:_\w+)?(?:::|\Z)"
)


def _text(frame: Frame, *fields: str) -> str:
    """The first of these fields that is filled."""
    return next((frame[field] for field in fields if frame.get(field)), "")


def _place(frame: Frame) -> str:
    return _text(frame, "abs_path", "filename").replace("\\", "/")


def _placed(library: re.Pattern[str]) -> Callable[[Frame], bool]:
    return lambda frame: library.search(_place(frame)) is not None


def _is_java(frame: Frame) -> bool:
    return _JAVA.match(_text(frame, "module")) is not None


def _is_native(frame: Frame) -> bool:
    place, package = _place(frame), _text(frame, "package").replace("\\", "/")
    if _NATIVE.search(place) or _NATIVE.search(package) or _CRATE.match(package or _text(frame, "function")):
        return True
    return bool(frame.get("in_app")) and not (place or package or frame.get("module"))


class _Platform(Struct, frozen=True):
    """How a platform's frames are told apart.

    `guesses`: its SDK calls a frame the app's unless it knows better. `rest`: with no frame known as the app's, those
    that are of no library are.
    """

    is_library: Callable[[Frame], bool]
    guesses: bool = False
    rest: bool = True


_PLATFORMS = {
    "go": _Platform(_placed(_GO), guesses=True),
    "java": _Platform(_is_java),
    "javascript": _Platform(_placed(_BROWSER), guesses=True),
    "native": _Platform(_is_native, guesses=True, rest=False),
    "node": _Platform(_placed(_NODE)),
    "python": _Platform(_placed(_PYTHON)),
}


GUESSING = frozenset(name for name, platform in _PLATFORMS.items() if platform.guesses)
"""Platforms on which `in_app` is doubted even where the SDK set it."""


def mark_frames(data: dict[str, Any]) -> None:
    """Set `in_app` in every stack of an event."""
    for stack in _stacks(data):
        by_platform: dict[str, list[Frame]] = {}
        for frame in stack:
            by_platform.setdefault(frame.get("platform") or data["platform"], []).append(frame)
        for name, frames in by_platform.items():
            if platform := _PLATFORMS.get(name):
                _mark(frames, platform)


def _mark(frames: Sequence[Frame], platform: _Platform) -> None:
    # An SDK that leaves some frames open was told by its user which are the app's.
    doubted = (None, True) if platform.guesses and not any(frame.get("in_app") is None for frame in frames) else (None,)
    for frame in frames:
        if frame.get("in_app") in doubted and platform.is_library(frame):
            frame["in_app"] = False
    if platform.rest and not any(frame.get("in_app") for frame in frames):
        for frame in frames:
            if frame.get("in_app") is None:
                frame["in_app"] = True


def _stacks(data: dict[str, Any]) -> Iterator[list[Frame]]:
    holders = [data]
    for interface in ("exception", "threads"):
        holders += (data.get(interface) or {}).get("values") or ()
    for holder in holders:
        if frames := (holder.get("stacktrace") or {}).get("frames"):
            yield frames
