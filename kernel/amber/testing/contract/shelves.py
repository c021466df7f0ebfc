"""Empty stores of the plugin under test, a fresh set for each test; roles it does not hold are Amber's own plugins'."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from inspect import isawaitable, signature
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import Engine

from amber.config import plugin_config
from amber.errors import ConfigError
from amber.plugin.context import Context
from amber.tables.database import make_engine
from amber.tables.migrate import upgrade
from amber.testing.contexts import make_services
from amber.testing.contract.plugin.base import Contract
from amber.testing.subject import Subject, find_plugin, stores_for

ROLES = ("event_store", "issue_store", "directory", "blob_store")


def holders(subject: Subject) -> dict[str, Subject]:
    """Who holds each role: the plugin where it can, else one of Amber's own, where those are installed."""
    others = [find_plugin(name, {}) for name in sorted(stores_for(subject))]
    every = [subject, *others]
    return {role: next((one for one in every if role in one.roles), subject) for role in ROLES}


def grow(file: Path, subjects: "set[str]", tables: dict[str, Subject]) -> None:
    """Make an SQLite file with the tables of these plugins."""
    engine = make_engine(f"sqlite:///{file}")
    for name in sorted(subjects):
        if (folder := tables[name].migrations) is not None:
            upgrade(engine, name, folder, tables[name].manifest.rights.tables)
    engine.dispose()


class Shelves:
    """Stores of one test on one database and one folder."""

    def __init__(self, held: dict[str, Subject], data: Path, engine: Engine) -> None:
        self._held, self._services = held, make_services(data, engine)
        self._contexts: dict[str, Context[Any]] = {}

    def store(self, role: str) -> Any:
        """The store that holds a role."""
        subject = self._held[role]
        if role not in subject.roles:
            raise ConfigError(f"nobody is installed who holds {role}: pip install 'amber[standard]'")
        ctx = self._contexts.get(subject.name)
        if ctx is None:
            schema = getattr(subject.module, "Config", None)
            config = plugin_config(subject.table, schema, subject.name, {}) if schema else None
            ctx = self._contexts[subject.name] = Context(subject.manifest, config, self._services)
            if "plugin_start" in subject.hooks:
                self._call(subject, "plugin_start")
        return self._call(subject, role)

    def _call(self, subject: Subject, hook: str) -> Any:
        function = getattr(subject.module, hook)
        given = {"ctx": self._contexts[subject.name]} if "ctx" in signature(function).parameters else {}
        answer = function(**given)
        return asyncio.run(_awaited(answer)) if isawaitable(answer) else answer

    def close(self) -> None:
        """Let those go that want to be told."""
        for name, subject in {one.name: one for one in self._held.values()}.items():
            if name in self._contexts and "plugin_stop" in subject.hooks:
                self._call(subject, "plugin_stop")


async def _awaited(answer: Any) -> Any:
    return await answer


class StoreContract(Contract):
    """A part of the suite `store`: `role` is the one it is about."""

    suite = "store"
    tier = "silver"
    role: ClassVar[str] = ""

    @classmethod
    def fits(cls, subject: Subject) -> bool:
        """Whether the plugin can hold the role."""
        return cls.role in subject.hooks

    @pytest.fixture(scope="session")
    @classmethod
    def templates(cls, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
        """SQLite files with empty tables, by the names of the plugins they belong to."""
        return {"": tmp_path_factory.mktemp("templates")}

    @pytest.fixture
    def shelves(self, subject: Subject, templates: dict[str, Path], tmp_path: Path) -> Iterator[Shelves]:
        """The stores of this test."""
        held = holders(subject)
        names = "-".join(sorted({one.name for one in held.values()}))
        if names not in templates:
            templates[names] = templates[""] / f"{names}.db"
            grow(templates[names], set(names.split("-")), {one.name: one for one in held.values()})
        with ExitStack() as stack:
            engine = make_engine(f"sqlite:///{shutil.copy(templates[names], tmp_path / 'amber.db')}")
            stack.callback(engine.dispose)
            made = Shelves(held, tmp_path, engine)
            stack.callback(made.close)
            yield made

    @pytest.fixture
    def event_store(self, shelves: Shelves) -> Any:
        """An empty store of events."""
        return shelves.store("event_store")

    @pytest.fixture
    def issue_store(self, shelves: Shelves) -> Any:
        """An empty store of issues."""
        return shelves.store("issue_store")

    @pytest.fixture
    def directory(self, shelves: Shelves) -> Any:
        """An empty directory."""
        return shelves.store("directory")

    @pytest.fixture
    def blob_store(self, shelves: Shelves) -> Any:
        """An empty store of blobs."""
        return shelves.store("blob_store")
