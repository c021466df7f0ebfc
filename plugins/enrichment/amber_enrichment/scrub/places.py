"""The places of an event that are not scrubbed like any other."""

import re
from collections.abc import Mapping

SKIP = "skip"
"""Left as it is."""
VERSIONS = "versions"
"""Names and versions of software: keys name packages, and four numbers with dots are no address."""
SOURCE = "source"
"""Lines of source code: a name after `password =` is no secret."""
COOKIES, HEADERS, QUERY = "cookies", "headers", "query"
"""Pairs whose names may also be those of sessions."""
TREE = "tree"
"""Anything else."""

_NAMES = dict.fromkeys(("filename", "abs_path", "function", "raw_function", "module", "package", "symbol"), SKIP)
_SOURCE = dict.fromkeys(("context_line", "pre_context", "post_context"), SOURCE)
_VERSIONS = ("version", "build", "kernel_version", "raw_description", "browser", "os", "runtime", "client_os")

PLACES: Mapping[str, Mapping[str, str]] = {
    "event": {
        "debug_meta": SKIP,
        "_meta": SKIP,  # scrubbed by rules of its own
        "modules": SKIP,  # names and versions of packages
        "release": VERSIONS,
        "sdk": VERSIONS,
        "contexts": "contexts",
        "exception": "stacked",
        "threads": "stacked",
        "stacktrace": "stacktrace",
        "request": "request",
    },
    "contexts": dict.fromkeys(("os", "client_os", "browser", "runtime", "device", "app"), "product"),
    "product": dict.fromkeys(_VERSIONS, VERSIONS),
    "stacked": {"values": "stacked", "stacktrace": "stacktrace", "raw_stacktrace": "stacktrace"},
    "stacktrace": {"frames": "frame"},
    "frame": {**_NAMES, **_SOURCE},
    "request": {"headers": HEADERS, "cookies": COOKIES, "query_string": QUERY},
    VERSIONS: {},
}
"""Place → key → the place below it; a list's entries stand in the list's own place."""

_ID_KEYS = (
    "event_id trace_id span_id parent_span_id replay_id profile_id profiler_id segment_id debug_id timestamp "
    "start_timestamp received"
)
ID_KEYS = frozenset(_ID_KEYS.split())
ID = re.compile(r"[0-9a-fA-F-]{16,36}")


def is_untouchable(place: str, key: str, value: object) -> bool:
    """Whether a value under this key is an id, or the one header that is never scrubbed."""
    if key in ID_KEYS:
        return isinstance(value, str) and ID.fullmatch(value) is not None
    return place == HEADERS and key.lower() == "user-agent"
