"""Files that people and plugins write: amber.toml, plugin.toml, wheels, run.json, secrets.key."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from unittest.mock import patch

from amber import config
from amber.errors import ConfigError, Reject
from amber.installing.wheels import read_wheel
from amber.plugin import manifest
from amber.processes import runtime
from amber.tables import vault
from amber_auth import ember

from .decoder import Decoder, Run, json_of

WHEEL = "amber_stranger-1.0-py3-none-any.whl"


def decoders() -> list[Decoder]:
    """Each file by its name."""
    return [
        Decoder("amber_toml", partial(_file, "amber.toml", _settings), (ConfigError,)),
        Decoder("plugin_toml", partial(_file, "plugin.toml", _manifest), (ConfigError,)),
        Decoder("run_json", partial(_file, "run.json", runtime.read), (ConfigError,)),
        Decoder("secrets_key", partial(_file, vault.FILE, _vault), (ConfigError,)),
        Decoder("wheel", partial(_file, WHEEL, lambda folder: read_wheel(folder / WHEEL)), (Reject,)),
        Decoder("sealed", _sealed, (Reject,)),
    ]


@contextmanager
def _file(name: str, read: Callable[[Path], object]) -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="amber-fuzz-") as folder:

        def run(data: bytes) -> object:
            (Path(folder) / name).write_bytes(data)
            return read(Path(folder))

        yield run


def _settings(folder: Path) -> object:
    """The settings, and one plugin's own table out of them."""
    settings = config.load(folder / "amber.toml", {})
    table = settings.plugins.get("ember", {})
    return settings, config.plugin_config(table, ember.Config, "ember", {"SET": "x" * 40})


def _manifest(folder: Path) -> object:
    with patch.object(manifest, "_folder", lambda _: folder):
        return manifest.read_manifest(EntryPoint("fuzzed", "fuzzed.inner", "amber.plugins"))


def _vault(folder: Path) -> object:
    vault.open_vault((), folder).seal("what is sealed differs each time")
    return True


def _sealed() -> Run:
    """The file is the JSON of a setting that may be sealed."""
    opened = vault.Vault(["a" * 43 + "="])

    def run(data: bytes) -> object:
        value = json_of(data)
        return opened.open(value) if vault.is_sealed(value) else None

    return run
