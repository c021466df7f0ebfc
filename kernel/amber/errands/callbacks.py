"""The addresses of targets, where those who are told may answer: taken once it is on disk, for the plugin to read."""

import math
import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath

from amber.bus import task_subject
from amber.desks.targets import TargetDesk
from amber.errands.webhooks import Received
from amber.errors import Unavailable
from amber.identity.access import CREDENTIALS
from amber.kernel import Kernel
from amber.model import PUBLIC, Target, WebhookRequest
from amber.problems import problem

LARGEST = 256 * 1024
"""Bytes of a body: what comes of it must fit on the bus."""
MOST, WINDOW = 60, 60.0
"""Webhooks that one process takes for one target in so many seconds."""


class Pace:
    """Counts what comes for each target."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[int, tuple[float, int]] = {}

    def wait(self, target: int) -> int:
        """0, and one more is counted; or in how many seconds there is room for one."""
        now = self._clock()
        begun, count = self._counts.get(target, (now, 0))
        if now - begun >= WINDOW:
            begun, count = now, 0
        if count >= MOST:
            return max(1, math.ceil(begun + WINDOW - now))
        self._counts[target] = begun, count + 1
        return 0


def webhook_route(kernel: Kernel, pace: Pace) -> Any:
    """`/hooks/…`: who knows a target's address may post there; what it proves is for the plugin to say."""
    desk: TargetDesk = kernel.services.kernel["targets"]

    @post("/hooks/{plugin:str}/{address:str}", action=PUBLIC, tags=["webhooks"], request_max_body_size=LARGEST)
    async def receive_webhook(
        request: Request[Any, Any, Any], plugin: FromPath[str], address: FromPath[str]
    ) -> Response[Any]:
        """Take a webhook for a target. 202: it is on disk, and the target's plugin will read it."""
        target = await desk.addressed(plugin, address)
        if wait := pace.wait(target.id):
            told = f"at most {MOST} webhooks are taken in {WINDOW:.0f} s; come again in {wait} s"
            return problem(429, told, {"Retry-After": str(wait)})
        taken = _taken(request, await request.body())
        await _keep(kernel, target, taken)
        return Response({"id": taken.id}, status_code=202)

    return receive_webhook


def _taken(request: Request[Any, Any, Any], body: bytes) -> WebhookRequest:
    headers = {name.lower(): value for name, value in request.headers.items() if name.lower() not in CREDENTIALS}
    ip = str(request.scope.get("amber_client_ip", ""))
    query = {str(name): str(value) for name, value in request.query_params.items()}
    return WebhookRequest(uuid.uuid4().hex, time.time(), body, headers, query, ip)


async def _keep(kernel: Kernel, target: Target, taken: WebhookRequest) -> None:
    """Queue it for the target's plugin. Raises Unavailable."""
    if kernel.bus is None:
        raise Unavailable("this process has no bus")
    task = Received(target.id, target.project, taken, taken.at)
    await kernel.bus.publish(task_subject(target.plugin, "webhook"), msgspec.json.encode(task), taken.id)
