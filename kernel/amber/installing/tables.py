"""A plugin's table in amber.toml, changed in place: comments, order and everything else stay as they are."""

from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from amber.errors import ConfigError


def enable(file: Path, name: str, enabled: bool) -> None:
    """Write `[plugins.NAME] enabled`. Raises ConfigError."""
    document = _read(file)
    plugins = document.setdefault("plugins", tomlkit.table(is_super_table=True))
    plugins.setdefault(name, tomlkit.table())["enabled"] = enabled
    _write(file, document)


def has_table(file: Path, name: str) -> bool:
    """Whether amber.toml holds settings of a plugin. Raises ConfigError."""
    plugins = _read(file).get("plugins")
    return isinstance(plugins, Table) and name in plugins


def forget(file: Path, name: str, *, is_gone: bool) -> None:
    """Drop a plugin's table, if there is one; that it is off stays written while it is there. Raises ConfigError."""
    if has_table(file, name):
        document = _read(file)
        is_off = document["plugins"][name].get("enabled") is False
        document["plugins"].remove(name)
        _write(file, document)
        if is_off and not is_gone:
            enable(file, name, False)


def _read(file: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(file.read_text(encoding="utf-8")) if file.is_file() else tomlkit.document()
    except (TOMLKitError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error


def _write(file: Path, document: tomlkit.TOMLDocument) -> None:
    draft = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(tomlkit.dumps(document), encoding="utf-8")
        if file.exists():
            draft.chmod(file.stat().st_mode & 0o777)
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error
