"""Somebody who publishes plugins: a folder that is served on loopback, and a key that signs what it lists."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amber.installing import read
from amber_market.index.building import entries_of
from amber_market.index.envelope import signed
from amber_market.index.keys import public_text
from amber_market.index.shape import Entry, Index, encode_index

TOML = """\
[outbound]
allowed_networks = ["127.0.0.0/8"]

[plugins.market]
require = "{require}"

[[plugins.market.indexes]]
name = "plugins"
source = "{url}/index.json"
key = "{key}"
"""


class Publisher:
    """What is in `folder` is at `url`; `toml` names the index there and allows the way to it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"
        self.key = Ed25519PrivateKey.generate()

    def toml(self, require: str = "signed") -> str:
        return TOML.format(require=require, url=self.url, key=public_text(self.key.public_key()))

    def shelve(self, *wheels: Path) -> tuple[Entry, ...]:
        """Put wheels into the folder; what an honest index says of them."""
        (self.folder / "wheels").mkdir(exist_ok=True)
        return entries_of([read(wheel, self.folder / "wheels") for wheel in wheels], {}, {})

    def publish(
        self, *entries: Entry, version: int = 1, days: float = 30, key: Ed25519PrivateKey | None = None
    ) -> None:
        """Sign and put out an edition of the index; one that ended `-days` ago where that is negative."""
        expires = datetime.now(UTC) + timedelta(days=days)
        index = Index("plugins", version, expires - timedelta(days=60), expires, entries)
        (self.folder / "index.json").write_bytes(signed(encode_index(index), [key or self.key]))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """What Amber asks is nobody's news."""


@contextmanager
def publishing(folder: Path) -> Iterator[Publisher]:
    """A publisher who serves this folder until the end of the block."""
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Publisher(folder, server.server_port)
        server.shutdown()
        thread.join()
