"""What a plugin is handed: its configuration and the parts of the kernel its manifest asks for."""

import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from amber.errors import ConfigError, Denied
from amber.model import Fact, Fragment, Project

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from amber.plugin.manifest import Manifest
    from amber.plugin.outbound import Http
    from amber.plugin.templates import Templates

C = TypeVar("C")
T = TypeVar("T")
Publish = Callable[[Fact], Awaitable[None]]
Listen = Callable[[str, str, Callable[[Fact], None]], None]


class Services:
    """The parts of one process that contexts are made from; a part a process does not have stays None."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.engine: Callable[[str, Sequence[str]], Engine] | None = None
        self.refused: Callable[[str, str, str], None] = _nobody_counts
        self.publish: Publish | None = None
        self.listen: Listen | None = None
        self.now: Callable[[], float] = time.time
        self.http: Callable[[str, Sequence[str]], Http] | None = None
        self.settings: Callable[[str, Any, Project], Any] | None = None
        self.roles: dict[str, Any] = {}
        self.kernel: dict[str, Any] = {}


class Context(Generic[C]):
    """A plugin's view of Amber. What the manifest does not ask for raises `Denied` with the missing right."""

    def __init__(self, manifest: "Manifest", config: C, services: Services, folder: Path | None = None) -> None:
        self.plugin = manifest.name
        self.config = config
        self.log = logging.getLogger(f"amber.plugin.{manifest.name}")
        self._manifest, self._services, self._folder = manifest, services, folder
        self._kept: dict[str, Any] = {}
        self._lock = threading.Lock()

    def settings(self, project: Project) -> C:
        """The configuration as it holds for a project: what was set for it or its organisation, else `config`.

        Only what the manifest lists under `settings` can differ. It waits for nothing and is the same object until
        something is changed, so ask whenever you need it.
        """
        if self._services.settings is None:
            return self.config
        found: C = self._services.settings(self.plugin, self.config, project)
        return found

    def keep(self, name: str, make: Callable[[], T]) -> T:
        """What this plugin keeps in this process under `name`, made on first use; gone when the process ends."""
        if name not in self._kept:
            with self._lock:  # plain hooks are called from several threads
                if name not in self._kept:
                    self._kept[name] = make()
        kept: T = self._kept[name]
        return kept

    def now(self) -> float:
        """The time in Unix seconds."""
        return self._services.now()

    @property
    def data(self) -> Path:
        """A folder of this plugin's own, made on first use."""
        folder = self._services.data / "plugins" / self.plugin
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def database(self) -> "Engine":
        """An SQLAlchemy engine that reaches the tables of your own (right: `tables`); all others raise `Denied`."""
        tables = self._manifest.rights.tables
        self._need(bool(tables), "tables", "<prefix>_*")
        engine: Engine = self._part("a database", self._services.engine)(self.plugin, tables)
        return engine

    @property
    def http(self) -> "Http":
        """Sends requests to public addresses, and private ones that `amber.toml` allows (right: `hosts`)."""
        hosts = self._manifest.rights.hosts
        self._need(bool(hosts), "hosts", "<host>")
        http: Http = self._part("a way out", self._services.http)(self.plugin, hosts)
        return http

    def render(self, template: str, **values: Any) -> Fragment:
        """The HTML that a file of your `templates/` makes of these values, every one of them escaped (Jinja)."""
        return self._templates.render(template, values)

    @cached_property
    def _templates(self) -> "Templates":
        from amber.plugin.templates import Templates  # only what draws pages needs Jinja

        return Templates(self.plugin, self._part("its folder", self._folder))

    def role(self, name: str) -> Any:
        """The store that holds a role, such as `issue_store` (right: `roles`)."""
        self._need(name in self._manifest.rights.roles, "roles", name)
        if name not in self._services.roles:
            raise ConfigError(f"no plugin holds the role {name}: enable one or name it under [roles] in amber.toml")
        return self._services.roles[name]

    def kernel(self, name: str) -> Any:
        """A part of the kernel itself, such as `plugins`, the registry's report (right: `kernel`)."""
        self._need(name in self._manifest.rights.kernel, "kernel", name)
        if name not in self._services.kernel:
            raise ConfigError(f"plugin {self.plugin} asked for {name!r}, which the kernel does not have")
        return self._services.kernel[name]

    async def publish(self, fact: Fact) -> None:
        """Tell the world; returns once the fact is on disk (right: `publish`, the fact's type)."""
        self._need(fact.type in self._manifest.rights.publish, "publish", fact.type)
        await self._part("a bus", self._services.publish)(fact)

    def listen(self, types: Sequence[str], callback: Callable[[Fact], None]) -> None:
        """Call back in this process for every fact of these types from now on; for caches, not for work.

        A fact may be missed while the bus is away: whoever must not miss one implements `on_fact`. Right: `facts`.
        """
        listen = self._part("a bus", self._services.listen)
        for kind in types:
            self._need(kind in self._manifest.rights.facts, "facts", kind)
            listen(self.plugin, kind, callback)

    def _need(self, granted: bool, right: str, what: str) -> None:
        if not granted:
            why = f'plugin {self.plugin} may not do this: its plugin.toml lacks rights.{right} = ["{what}"]'
            self._services.refused(self.plugin, right, why)
            raise Denied(why)

    def _part(self, what: str, part: Any) -> Any:
        if part is None:
            raise ConfigError(f"plugin {self.plugin} asked for {what}, which this process does not have")
        return part


def _nobody_counts(plugin: str, right: str, why: str) -> None:
    """Nobody in this process counts what plugins are refused."""
