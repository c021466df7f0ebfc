"""A plugin's context for unit tests, with the rights its real manifest grants."""

import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from sqlalchemy import event

from amber.metrics import Metrics
from amber.plugin.context import Context, Services
from amber.plugin.manifest import Manifest
from amber.plugin.outbound import Outbound
from amber.tables.fences import Databases

if TYPE_CHECKING:
    from sqlalchemy import Engine

C = TypeVar("C")


def make_context(plugin: ModuleType, config: C, services: Services | None = None, **roles: Any) -> Context[C]:
    """The context that the kernel would hand to `plugin`; `roles` are stores by the name of their role."""
    text = Path(str(plugin.__file__)).with_name("plugin.toml").read_text(encoding="utf-8")
    manifest = msgspec.convert(tomllib.loads(text), Manifest)
    given = services or Services(Path(tempfile.gettempdir()))
    given.roles.update(roles)
    return Context(manifest, config, given, Path(str(plugin.__file__)).parent)


def make_services(data: Path, engine: "Engine | None" = None, networks: Sequence[str] = ()) -> Services:
    """The parts of a process that has a data folder, metrics, a way out and, where one is given, a database.

    `networks` are the private ones that requests may go to: `127.0.0.0/8` for a server that a test started.
    """
    services = Services(data)
    metrics = Metrics()
    if engine is not None:
        databases = Databases(engine, metrics.refused)
        event.listen(engine, "engine_disposed", lambda _: databases.close_all())
        services.engine = databases.of
    services.refused = metrics.refused
    services.http = Outbound(networks, refused=metrics.refused).client
    services.kernel = {"metrics": metrics}
    return services
