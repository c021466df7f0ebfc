"""What a running Amber leaves in its data folder, so that commands beside it find it."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from amber import config
from amber.config import Settings
from amber.errors import ConfigError


class Runtime(Struct, frozen=True):
    """Where the Amber of a data folder is, or was last."""

    url: str
    bus_url: str
    bus_token: str
    pid: int
    bus_user: str = ""


def write(data: Path, runtime: Runtime) -> None:
    """Leave word; only the owner of the folder may read it, because of the token."""
    file = data / "run.json"
    draft = file.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.encode(runtime))
    draft.replace(file)


def read(data: Path) -> Runtime | None:
    """What the last `amber up` on this folder said, or None."""
    try:
        return msgspec.json.decode((data / "run.json").read_bytes(), type=Runtime)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError, OSError) as error:
        raise ConfigError(f"{data / 'run.json'} cannot be read ({error}): remove it and start Amber again") from error


def settings(data: Path, file: Path | None) -> Settings:
    """The settings for a data folder: `file`, else `amber.toml` in the folder or here; bus and address of a running
    Amber where the file names none. Raises ConfigError.
    """
    found = config.load(file or default_file(data))
    running = read(data)
    if running is None:
        return found
    server, bus = found.server, found.bus
    if not server.public_url:
        server = replace(server, public_url=running.url)
    if not bus.url:
        bus = replace(bus, url=running.bus_url, user=running.bus_user, token=running.bus_token)
    return replace(found, server=server, bus=bus)


def default_file(data: Path) -> Path:
    """`amber.toml` in the data folder if it is there, else in the working folder."""
    inside = data / "amber.toml"
    return inside if inside.is_file() else Path("amber.toml")
