"""A TCP connection between two processes that can be cut in every way a network knows."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
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
        self._door: socket.socket | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._carried: set[asyncio.Task[None]] = set()
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
        if self._door is None:
            self._door = socket.create_server(("127.0.0.1", self.port))
            self._door.setblocking(False)
            self._loop.add_reader(self._door, self._let_in, self._door)

    def _let_in(self, door: socket.socket) -> None:
        """Take one connection and start to carry it, in one breath.

        asyncio's own server forgets, without closing it, a connection taken just before the server is closed.
        """
        with suppress(BlockingIOError, ConnectionAbortedError):  # whoever came is gone already
            task = self._loop.create_task(self._carry(door.accept()[0]))
            self._carried.add(task)
            task.add_done_callback(self._carried.discard)

    async def _stall(self) -> None:
        self._flowing.clear()

    async def _reset(self) -> None:
        for writer in self._writers:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        self._flowing.set()

    async def _refuse(self) -> None:
        if self._door is not None:
            self._loop.remove_reader(self._door)
            self._door.close()
            self._door = None
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

    async def _carry(self, taken: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=taken)
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
