"""What clients hear."""

import base64
import math
import re
import uuid
from collections.abc import Sequence

import msgspec

from amber.model import IngestRequest, Limited, Reading, Reply

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent picture of one by one pixel, for browsers that could only send by loading an image."""

LONGEST_LIMIT = 300
"""Seconds a client may be told to hold back; longer limits are told again when it comes back."""
_NO_WORD = re.compile(r"[^A-Za-z0-9_.-]")

CORS = (
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "POST"),
    (
        "access-control-allow-headers",
        "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, "
        "authorization, content-encoding, transfer-encoding",
    ),
    ("access-control-expose-headers", "x-sentry-error, x-sentry-rate-limits, retry-after"),
    ("access-control-max-age", "3600"),
    ("cross-origin-resource-policy", "cross-origin"),
)


def limited(limits: Sequence[Limited]) -> tuple[tuple[str, str], ...]:
    """What tells an SDK which categories to hold back, for how many seconds, in whose name and why."""
    return (("x-sentry-rate-limits", ", ".join(map(_limit, limits))),)


def _limit(limit: Limited) -> str:
    seconds = min(math.ceil(limit.retry_after), LONGEST_LIMIT)
    return f"{seconds}:{';'.join(limit.categories)}:{limit.scope}:{_NO_WORD.sub('_', limit.reason)}"


def reply(request: IngestRequest, reading: Reading) -> Reply:
    """The answer once everything is durable."""
    if request.method == "GET":
        return Reply(200, PIXEL, "image/gif")
    if request.route in ("security", "csp_report"):
        return Reply(200)
    if request.route == "attachments":
        return Reply(201)
    if request.route == "minidump":
        return Reply(200, str(uuid.UUID(reading.event_id)).encode(), "text/plain")
    return Reply(200, msgspec.json.encode({"id": reading.event_id} if reading.event_id else {}))


def refuse(request: IngestRequest, status: int, detail: str, causes: tuple[str, ...]) -> Reply:
    """The answer to a request that was not taken; `detail` stands in a header too, where old SDKs look for it."""
    body = msgspec.json.encode({"detail": detail, "causes": causes})
    plain = "".join(char if " " <= char <= "~" else "?" for char in detail[:200])
    return Reply(status, body, headers=(("x-sentry-error", plain),))
