"""What the parts of the contract share."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from amber.testing.bench import Bench, World
from amber.testing.contract.plugin.fitting import TIERS
from amber.testing.peer import Peer, listening
from amber.testing.subject import Subject, find_plugin

PATIENCE = 1.0
"""Seconds a request of the plugin may take in the contract, so that a peer that hangs costs no more."""


class Contract:
    """A suite of the contract: its name, and the tier that it is asked for. See PluginContract for the rest."""

    suite: ClassVar[str] = "plugin"
    tier: ClassVar[str] = TIERS[0]
    name: ClassVar[str] = ""
    config: ClassVar[Mapping[str, Any]] = {}
    target: ClassVar[Mapping[str, Any]] = {}
    rounds: ClassVar[int] = 20

    @classmethod
    def fits(cls, subject: Subject) -> bool:
        """Whether the suite says anything about this plugin."""
        return True

    @pytest.fixture
    def subject(self, request: pytest.FixtureRequest) -> Subject:
        """The plugin: of this class, or the one that `--plugin` names."""
        given: Subject | None = getattr(request, "param", None)
        return given or find_plugin(self.name, self.config)

    @pytest.fixture
    def peer(self) -> Iterator[Peer]:
        """The other side of the plugin's requests."""
        with listening() as peer:
            yield peer

    @pytest.fixture
    def bench(self, subject: Subject, peer: Peer, tmp_path: Path) -> Iterator[Bench]:
        """The plugin in a kernel on an SQLite file and a bus in memory, with nobody but the peer around it."""
        with asyncio.Runner() as runner:
            bench = Bench(subject, World(tmp_path, peer, patience=PATIENCE), runner)
            yield bench
            bench.stop()
