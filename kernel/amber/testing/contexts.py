"""A plugin's context for unit tests, with the rights its real manifest grants."""

import tempfile
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import msgspec

from amber.context import Context, Services
from amber.manifest import Manifest

C = TypeVar("C")


def make_context(plugin: ModuleType, config: C, services: Services | None = None, **roles: Any) -> Context[C]:
    """The context that the kernel would hand to `plugin`; `roles` are stores by the name of their role."""
    text = Path(str(plugin.__file__)).with_name("plugin.toml").read_text(encoding="utf-8")
    manifest = msgspec.convert(tomllib.loads(text), Manifest)
    given = services or Services(Path(tempfile.gettempdir()))
    given.roles.update(roles)
    return Context(manifest, config, given)
