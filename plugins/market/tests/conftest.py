"""A publisher for tests: keys, a folder that is served on loopback, and indexes of it at any hour."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from amber import Context
from amber.testing.contexts import make_context, make_services
from amber.testing.databases import open_database
from amber_market import market
from amber_market.index.envelope import signed
from amber_market.index.keys import public_text
from amber_market.index.shape import Entry, Index, Release, encode_index
from amber_market.market import Config
from amber_market.market.config import IndexConfig

Shop = Callable[..., Context[Config]]
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
BYTES = b"not much of a wheel"


class Stall:
    """A folder that is served at `url`; `moved` maps a path to where it redirects."""

    key, other = KEY, OTHER

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"
        self.asked: list[str] = []
        self.moved: dict[str, str] = {}

    @staticmethod
    def release(version: str = "1.0", data: bytes = BYTES, name: str = "slack", **more: Any) -> Release:
        wheel = f"wheels/amber_{name}-{version}-py3-none-any.whl"
        return Release(version, wheel, sha256(data).hexdigest(), len(data), more.pop("api", 1), **more)

    @classmethod
    def entry(cls, *versions: Release, name: str = "slack", **more: Any) -> Entry:
        given = {"title": name.capitalize(), "summary": f"Posts to {name}.", "families": ("integrations",)} | more
        given.setdefault("distribution", f"amber-{name}")
        return Entry(name=name, versions=versions or (cls.release(name=name),), **given)

    @classmethod
    def index(cls, *entries: Entry, version: int = 1, name: str = "plugins", **more: Any) -> Index:
        expires = more.pop("expires", NOON + timedelta(days=30))
        return Index(name, version, NOON, expires, entries or (cls.entry(),), **more)

    def publish(self, index: Index, *keys: Ed25519PrivateKey, file: str = "index.json") -> bytes:
        """Put an index there, signed with these keys; with none it is not signed. Its bytes."""
        payload = encode_index(index)
        data = signed(payload, keys) if keys else payload
        (self.folder / file).write_bytes(data)
        return data

    def put(self, path: str, data: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(data)

    def config(
        self, key: Ed25519PrivateKey | None = KEY, name: str = "plugins", file: str = "index.json"
    ) -> IndexConfig:
        word = public_text(key.public_key()) if key is not None else ""
        return IndexConfig(name, f"{self.url}/{file}", word)


class Handler(SimpleHTTPRequestHandler):
    stall: Stall

    def do_GET(self) -> None:
        self.stall.asked.append(self.path)
        if (target := self.stall.moved.get(self.path)) is None:
            super().do_GET()
            return
        self.send_response(302)
        self.send_header("Location", target)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def stall(tmp_path: Path) -> Iterator[Stall]:
    (tmp_path / "stall").mkdir()
    handler = type("Own", (Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(tmp_path / "stall"))) as server:
        stall = handler.stall = Stall(tmp_path / "stall", server.server_port)  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield stall
        server.shutdown()
        thread.join()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'amber.db'}", market)
    yield engine
    engine.dispose()


@pytest.fixture
def shop(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A context of the plugin that trusts these indexes, `hours` after they were issued; `here` are the versions of
    what is installed."""

    def shop(
        *indexes: IndexConfig, require: str = "any", hours: float = 1.0, here: Mapping[str, str] = MappingProxyType({})
    ) -> Context[Config]:
        services = make_services(tmp_path / "data", engine, ["127.0.0.0/8"])
        rows = [{"name": name, "version": version, "isolation": "process"} for name, version in here.items()]
        services.kernel["plugins"] = lambda: rows
        services.kernel["settings"] = SimpleNamespace(forms=lambda _: [SimpleNamespace(plugin=name) for name in here])
        ctx = make_context(market, Config(require, indexes), services)
        monkeypatch.setattr(ctx, "now", lambda: NOON.timestamp() + hours * 3600)
        return ctx

    return shop
