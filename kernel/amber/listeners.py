"""Who in this process wants to hear of which facts."""

import logging
from collections.abc import Callable

from amber.bus import Bus, fact_subject
from amber.bus.reading import read_json
from amber.errors import Reject
from amber.model import Fact

log = logging.getLogger("amber.listeners")
Hear = Callable[[Fact], None]


class Listeners:
    """Hands facts to callbacks. The bus is asked once for each type, however often plugins come and go."""

    def __init__(self) -> None:
        self._callbacks: dict[str, list[tuple[str, Hear]]] = {}
        self._asked: set[str] = set()

    def add(self, owner: str, kind: str, callback: Hear) -> None:
        """Call back for every fact of this type, once `settle` was called."""
        self._callbacks.setdefault(kind, []).append((owner, callback))

    def forget(self, owner: str) -> None:
        """Never call this owner back again."""
        for kind, known in self._callbacks.items():
            self._callbacks[kind] = [one for one in known if one[0] != owner]

    async def settle(self, bus: Bus) -> None:
        """Ask the bus for every type somebody wants and nobody asked for yet."""
        for kind in self._callbacks.keys() - self._asked:
            self._asked.add(kind)
            await bus.listen(fact_subject(kind, "*"), self._hear)

    async def _hear(self, subject: str, data: bytes) -> None:
        fact = read_json(data, Fact, "a fact")
        if subject != fact_subject(fact.type, fact.project):
            raise Reject(f"a forged fact: it calls itself {fact.type} and came as {subject}")
        for owner, callback in tuple(self._callbacks.get(fact.type, ())):
            try:
                callback(fact)
            except Exception:  # one listener's fault must not keep the news from the next
                log.exception("%s failed to hear %s", owner, fact.type)
