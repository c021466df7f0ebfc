"""How an edge begins: what it answers while its pages are still being made, and where it cannot listen."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import uvicorn

from amber.errors import ConfigError
from amber.running.serve import HttpServer, starting
from amber.running.up import ask_ready


@pytest.fixture
def early() -> Iterator[str]:
    """The address of a server that answers what an edge answers at first."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(starting({}, None, send))

    class Early(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(sent[0]["status"])
            for name, value in sent[0]["headers"]:
                self.send_header(name.decode(), value.decode())
            self.end_headers()
            self.wfile.write(sent[1]["body"])

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Early) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/health/ready"
        server.shutdown()


def test_an_edge_whose_pages_are_being_made_is_not_ready(early: str) -> None:
    assert ask_ready(early) == "edge: it takes events, its pages are being made"


@pytest.mark.anyio
async def test_a_used_port_is_told_and_ends_no_program() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host, port = taken.getsockname()
        server = HttpServer(uvicorn.Config(starting, host=host, port=port, log_config=None), lambda: None)
        with pytest.raises(ConfigError, match=f"{host}:{port}"):
            await server.serve()
