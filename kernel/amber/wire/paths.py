"""The paths of ingest routes as patterns."""

import re

from amber.model import IngestRoute


def pattern_of(route: IngestRoute) -> re.Pattern[str]:
    """What a route's path matches: a placeholder is one segment, a missing final slash is forgiven.

    Raises ValueError for a path that cannot be matched, such as one that names a placeholder twice.
    """
    escaped = re.escape(route.path.rstrip("/"))
    try:
        return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", escaped) + "/?")
    except re.error as error:
        raise ValueError(f"route {route.name}: the path {route.path!r} cannot be matched: {error}") from None
