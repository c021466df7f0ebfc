"""What `/health` and `/metrics` answer."""

import asyncio
from typing import Any

from litestar import MediaType, Response, get

from amber.errors import AmberError
from amber.kernel import Kernel
from amber.model import PUBLIC
from amber.plugin.dispatch import Answer
from amber.watching.status import Board, merge

OPEN = {"action": PUBLIC}


class Health:
    """What `/health` and `/metrics` answer for all processes."""

    def __init__(self, kernel: Kernel, board: Board, process: str) -> None:
        self._kernel, self._board, self._process = kernel, board, process

    async def problems(self) -> list[str]:
        """What keeps Amber from working, one sentence for each part."""
        found = []
        if self._kernel.bus is None or not self._kernel.bus.is_ready:
            found.append("bus: NATS does not answer")
        try:
            async with asyncio.timeout(3):
                await asyncio.to_thread(self._kernel.stores.directory.organisations)
        except (AmberError, TimeoutError) as error:
            found.append(f"database: {error or 'no answer within 3 s'}")
        workers = [status for status in self._board.alive() if status.role == "worker"]
        if not workers:
            found.append("worker: none has been heard of lately; items are kept, but not digested")
        found += dict.fromkeys(problem for status in workers for problem in status.problems)  # a pause is everybody's
        answers: list[Answer[Any]] = await self._kernel.dispatcher.collect("plugin_health", lambda value: value)
        return found + [f"plugin {answer.plugin}: {answer.value}" for answer in answers if answer.value]

    def metrics(self) -> bytes:
        """Prometheus text of this process and of every other one that was heard lately."""
        return merge(self._process, self._kernel.metrics.render().decode(), self._board.others(self._process))


def health_routes(health: Health) -> list[Any]:
    """`/health/live`, `/health/ready` and `/metrics`: open, because whoever watches Amber has no token of its."""

    @get("/health/live", opt=OPEN, tags=["health"], media_type=MediaType.JSON)
    async def live() -> dict[str, str]:
        """Whether this process answers at all."""
        return {"status": "alive"}

    @get("/health/ready", opt=OPEN, tags=["health"])
    async def ready() -> Response[dict[str, Any]]:
        """Whether every part works; 503 with one sentence for each that does not."""
        problems = await health.problems()
        body = {"status": "ready" if not problems else "not ready", "problems": problems}
        return Response(body, status_code=503 if problems else 200, media_type=MediaType.JSON)

    @get("/metrics", opt=OPEN, tags=["health"])
    async def metrics() -> Response[bytes]:
        """Counters of all processes in Prometheus's text form."""
        return Response(health.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [live, ready, metrics]
