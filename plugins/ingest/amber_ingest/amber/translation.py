"""An AMBER event in the shape of Sentry's event schema, which the normaliser takes."""

import re
from typing import Any

_NEWEST_FIRST = re.compile(r"^@ember/|\b(node|nodejs|js|javascript|express)\b", re.IGNORECASE)
_PLATFORMS = (
    (re.compile(r"^@ember/|\b(node|nodejs|express)\b", re.IGNORECASE), "node"),
    (re.compile(r"\b(js|javascript|browser)\b", re.IGNORECASE), "javascript"),
    (re.compile(r"^ember-sdk$|\b(python|fastapi|flask|django)\b", re.IGNORECASE), "python"),
    (re.compile(r"\b(go|golang)\b", re.IGNORECASE), "go"),
    (re.compile(r"\b(java|kotlin|android|jvm)\b", re.IGNORECASE), "java"),
    (re.compile(r"\b(dotnet|net|csharp)\b", re.IGNORECASE), "csharp"),
    (re.compile(r"\b(ios|swift|cocoa)\b", re.IGNORECASE), "cocoa"),
)


def translate(event: dict[str, Any]) -> dict[str, Any]:
    """The event in Sentry's words. `event` has passed its schema and is not changed."""
    context, sdk = event.get("context") or {}, event.get("sdk") or {}
    name = sdk.get("name") or ""
    return {
        "timestamp": event["timestamp"],
        "level": event["level"],
        "platform": _platform(name),
        "exception": {"values": [_exception(event["exception"], name)]},
        "logentry": _message(event),
        "release": context.get("release") or None,
        "environment": context.get("env") or None,
        "tags": context.get("tags") or {},
        "user": {key: value for key, value in _user(context).items() if value},
        "breadcrumbs": {"values": context.get("breadcrumbs") or []},
        "sdk": sdk if name else None,
    }


def _user(context: dict[str, Any]) -> dict[str, Any]:
    user = context.get("user") or {}
    return {"id": user.get("id"), "email": user.get("email")}


def _message(event: dict[str, Any]) -> dict[str, Any] | None:
    """The message, unless it only repeats the exception's."""
    text = event.get("message")
    return {"formatted": text} if text and text != event["exception"]["message"] else None


def _exception(problem: dict[str, Any], sdk_name: str) -> dict[str, Any]:
    frames = [_frame(frame) for frame in problem.get("stacktrace") or ()]
    # AMBER never said which way a stack runs: its Node SDK sends the newest call first, as V8 prints it, its Python SDK
    # the oldest first, and the others send no frames. Our stacks run from the oldest to the newest.
    if _NEWEST_FIRST.search(sdk_name):
        frames.reverse()
    found = {"type": problem["type"], "value": problem["message"]}
    return {**found, "stacktrace": {"frames": frames}} if frames else found


def _frame(frame: dict[str, Any]) -> dict[str, Any]:
    same = ("function", "filename", "module", "in_app", "pre_context", "context_line", "post_context")
    kept = {name: frame[name] for name in same if frame.get(name) is not None}
    return {**kept, "lineno": frame["line"], **({"colno": frame["col"]} if frame.get("col") is not None else {})}


def _platform(sdk_name: str) -> str:
    return next((platform for pattern, platform in _PLATFORMS if pattern.search(sdk_name)), "other")
