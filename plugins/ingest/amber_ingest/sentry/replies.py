"""What clients hear."""

import base64
import uuid

import msgspec
from amber.model import IngestRequest, Reading, Reply

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent picture of one by one pixel, for browsers that could only send by loading an image."""

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
