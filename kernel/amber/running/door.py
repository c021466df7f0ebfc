"""Who may log in to the bus that `amber up` runs: kept in step with the plugins that are installed."""

import asyncio
import importlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from amber.config import BusConfig, Settings
from amber.errors import ConfigError
from amber.hosting.logins import guests
from amber.processes.natsserver import Guest, write_users
from amber.registry import discover

log = logging.getLogger("amber.door")
PERIOD = 0.5
"""Seconds between looks at what is installed."""


class Door:
    """Writes the logins of plugins that run elsewhere; `changed` has the server read them."""

    def __init__(
        self, data: Path, bus: BusConfig, settings: Callable[[], Settings], changed: Callable[[], None]
    ) -> None:
        self._data, self._bus, self._settings, self._changed = data, bus, settings, changed
        self._guests: list[Guest] | None = None

    def settle(self) -> bool:
        """Write the logins down; whether there was something new."""
        importlib.invalidate_caches()
        found = discover(self._settings())
        elsewhere = [one.manifest for one in found if one.manifest and one.placing.isolation != "inline"]
        logins = guests(elsewhere, self._bus)
        if logins == self._guests:
            return False
        self._guests = logins
        write_users(self._data, self._bus, logins)
        return True

    async def run(self) -> None:
        """Look again whenever something was installed or configured, until cancelled."""
        seen = _stamps(self._data)
        while True:
            await asyncio.sleep(PERIOD)
            now = _stamps(self._data)
            if now == seen:
                continue
            seen = now
            try:
                if await asyncio.to_thread(self.settle):
                    self._changed()
            except ConfigError as error:
                log.error("who may log in to the bus stays as it was: %s", error)


def _stamps(data: Path) -> list[int]:
    """When what decides was last changed."""
    found = []
    for place in (data / "amber.toml", Path("amber.toml"), *map(Path, sys.path)):
        try:
            found.append(place.stat().st_mtime_ns)
        except OSError:
            found.append(0)
    return found
