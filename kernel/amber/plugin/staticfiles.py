"""The files of a plugin's `static/` folder: where browsers get them, and none beside them."""

import hashlib
from pathlib import Path
from urllib.parse import quote

from amber.errors import ConfigError


def static_url(plugin: str, folder: Path, name: str) -> str:
    """Where browsers get a plugin's file; it changes with what the file holds. Raises ConfigError."""
    file = static_file(folder, name)
    if file is None:
        raise ConfigError(f"plugin {plugin} has no file static/{name}")
    return f"/static/plugins/{quote(plugin)}/{quote(name)}?v={static_version(file.read_bytes())}"


def static_version(body: bytes) -> str:
    """What stands for the content of a file in its address."""
    return hashlib.sha256(body).hexdigest()[:12]


def static_file(folder: Path, name: str) -> Path | None:
    """The file of this name in a folder or below; None where there is none, or where the name leads out of it."""
    try:
        file = (folder / name).resolve(strict=True)
    except (OSError, ValueError):
        return None
    return file if file.is_file() and file.is_relative_to(folder.resolve()) else None
