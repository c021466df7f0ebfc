"""The other side of a plugin's requests: an HTTP server on loopback that behaves as it is told."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from msgspec import Struct

HUGE = 8 << 20
"""Bytes of a huge body, unless told otherwise."""
CHUNK = b"x" * (64 << 10)
EVERY_PATH = "*"


class Request(Struct, frozen=True):
    """One request the peer got. Header names are lower case; `host` is the one the plugin asked for."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def host(self) -> str:
        """The host the plugin meant, with its port where it named one."""
        return self.headers.get("host", "")

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)


Answer = Callable[["Handler"], None]


class Peer:
    """Answers what is queued for a path, one answer a request, and 200 with `{}` when nothing is left.

    What is queued for the path `*` is no queue: it is how every other path is answered from then on. Whatever host the
    plugin asks for, the peer hears it: nothing that a test sends leaves the machine.
    """

    def __init__(self, port: int, ended: threading.Event) -> None:
        self.port, self._ended = port, ended
        self.requests: list[Request] = []
        self._queued: defaultdict[str, deque[Answer]] = defaultdict(deque)
        self._always: Answer | None = None

    def url(self, path: str = "/") -> str:
        """The peer's own address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def got(self, path: str) -> list[Request]:
        """What came to a path, oldest first."""
        return [request for request in self.requests if request.path.partition("?")[0] == path]

    def answer(
        self, path: str, status: int = 200, body: bytes | str = b"{}", headers: Mapping[str, str] | None = None
    ) -> None:
        """Queue an answer."""
        raw = body.encode() if isinstance(body, str) else body
        self._add(path, lambda handler: handler.say(status, raw, headers or {}))

    def limit(self, path: str, after: int) -> None:
        """Queue a 429 that asks to come again after so many seconds."""
        self.answer(path, 429, b"slow down", {"Retry-After": str(after)})

    def fail(self, path: str, status: int = 500) -> None:
        """Queue a failure."""
        self.answer(path, status, b"it broke")

    def redirect(self, path: str, location: str) -> None:
        """Queue a 302 to another path or address."""
        self.answer(path, 302, b"", {"Location": location})

    def slow(self, path: str, seconds: float) -> None:
        """Queue a 200 that takes its time."""

        def wait(handler: "Handler") -> None:
            self._ended.wait(seconds)
            handler.say(200, b"{}", {})

        self._add(path, wait)

    def hang(self, path: str) -> None:
        """Queue silence: the request is taken and never answered."""
        self._add(path, lambda handler: handler.leave(self._ended.wait()))

    def close(self, path: str) -> None:
        """Queue a connection that is closed without a word."""
        self._add(path, lambda handler: handler.leave(None))

    def babble(self, path: str) -> None:
        """Queue an answer that is no HTTP."""
        self._add(path, lambda handler: handler.leave(handler.wfile.write(b"\x00\xff who is there?\r\n\r\n")))

    def huge(self, path: str, size: int = HUGE) -> None:
        """Queue a 200 with a body of so many bytes."""
        self._add(path, lambda handler: handler.flood(size))

    def _add(self, path: str, answer: Answer) -> None:
        if path == EVERY_PATH:
            self._always = answer
        else:
            self._queued[path].append(answer)

    def take(self, request: Request) -> Answer:
        """Note a request; how it is to be answered."""
        self.requests.append(request)
        queued = self._queued[request.path.partition("?")[0]]
        if queued:
            return queued.popleft()
        return self._always or (lambda handler: handler.say(200, b"{}", {}))


class Handler(BaseHTTPRequestHandler):
    """One connection of a peer."""

    server: "Server"
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        """Any method is a request like any other."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.close_connection = True
        self.server.peer.take(Request(self.command, self.path, headers, body))(self)

    def say(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Answer in full."""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def flood(self, size: int) -> None:
        """Answer with more than anybody wants to read; who has had enough may leave."""
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        try:
            for _ in range(0, size, len(CHUNK)):
                self.wfile.write(CHUNK)
        except OSError:  # the plugin hung up, as it should
            return

    def leave(self, _: object) -> None:
        """Say nothing more."""

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


class Server(ThreadingHTTPServer):
    """Serves one peer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ended = threading.Event()
        self.peer = Peer(self.server_port, self.ended)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A plugin that hangs up is no error of the peer's."""


@contextmanager
def listening() -> Iterator[Peer]:
    """A peer that listens."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="peer")
        thread.start()
        try:
            yield server.peer
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
