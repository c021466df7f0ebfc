"""A plugin's context for unit tests, with the rights its real manifest grants."""

import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from amber.context import Context, Services
from amber.manifest import Manifest
from amber.metrics import Metrics
from amber.outbound import Outbound

if TYPE_CHECKING:
    from sqlalchemy import Engine

C = TypeVar("C")


def make_context(plugin: ModuleType, config: C, services: Services | None = None, **roles: Any) -> Context[C]:
    """The context that the kernel would hand to `plugin`; `roles` are stores by the name of their role."""
    text = Path(str(plugin.__file__)).with_name("plugin.toml").read_text(encoding="utf-8")
    manifest = msgspec.convert(tomllib.loads(text), Manifest)
    given = services or Services(Path(tempfile.gettempdir()))
    given.roles.update(roles)
    return Context(manifest, config, given)


def make_services(data: Path, engine: "Engine | None" = None, networks: Sequence[str] = ()) -> Services:
    """The parts of a process that has a data folder, metrics, a way out and, where one is given, a database.

    `networks` are the private ones that requests may go to: `127.0.0.0/8` for a server that a test started.
    """
    services = Services(data)
    services.engine = (lambda: engine) if engine is not None else None
    services.http = Outbound(networks).client
    services.kernel = {"metrics": Metrics()}
    return services
