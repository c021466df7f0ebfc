"""A TCP connection between two processes that can be cut in every way a network knows."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from tests.flows.running import free_port

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on closing, throw away what is unsent and send RST."""


class Link:
    """Listens on `port` of the loopback and carries what comes there to `target`, until it is cut."""

    def __init__(self, name: str, target: int) -> None:
        self.name, self.port, self._target = name, free_port(), target
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name=f"link {name}")
        self._thread.start()
        self.mend()

    def mend(self) -> None:
        """Carry everything again, also what was held back."""
        self._do(self._mend)

    def stall(self) -> None:
        """Keep connections, take new ones, and carry nothing."""
        self._do(self._stall)

    def reset(self) -> None:
        """Reset every connection; new ones are carried."""
        self._do(self._reset)

    def refuse(self) -> None:
        """Reset every connection and refuse new ones."""
        self._do(self._refuse)

    def close(self) -> None:
        """End for good."""
        self._do(self._refuse)
        self._do(self._last_words)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, what: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(what(), self._loop).result()

    async def _mend(self) -> None:
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def _stall(self) -> None:
        self._flowing.clear()

    async def _reset(self) -> None:
        for writer in self._writers:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        self._flowing.set()

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()

    async def _last_words(self) -> None:
        """See everybody off, also those who came in while the door was closing.

        Nothing is cancelled: a task that never began could not hang up.
        """
        mine = asyncio.current_task()
        while others := asyncio.all_tasks() - {mine}:
            await self._reset()
            await asyncio.wait(others, timeout=0.05)
        await asyncio.sleep(0)  # what was aborted is closed in the loop's next round

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._flowing.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # nobody listens there
            self._hang_up(writer)
            return
        self._writers.add(back)
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # one side is gone; the other hears of it below
        finally:
            self._hang_up(writer)

    def _hang_up(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()
