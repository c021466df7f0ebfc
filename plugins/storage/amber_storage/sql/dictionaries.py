"""The dictionaries that bodies are packed with, one after the other for each project; none ever changes.

Bodies of one project are much alike, and a dictionary is what they have in common. A body names its dictionary, so it
stays readable whatever its project learns later. See docs/decisions/0012-bodies-share-dictionaries.md.
"""

from collections.abc import Iterable, Mapping
from threading import Lock
from typing import TypeVar

from msgspec import Struct
from sqlalchemy import Connection, select
from zstandard import ZstdCompressionDict

from amber.errors import Unavailable
from amber_storage.sql.bodies import digested
from amber_storage.sql.bulk import ask, question
from amber_storage.sql.schema import dictionaries
from amber_storage.sql.transactions import Transactions

T = TypeVar("T")
KEPT = 64
"""How many dictionaries a process holds ready at once; each takes some 200 KB."""
GENERATIONS = question(
    [dictionaries.c.project], "SELECT project, generation, id FROM given JOIN dictionaries USING (project)"
)


class Dictionary(Struct, frozen=True):
    """What a project packs with. Its first dictionary has generation 1; before that `ready` is None, and `id` 0."""

    id: int = 0
    generation: int = 0
    ready: ZstdCompressionDict | None = None


class Dictionaries:
    """The dictionaries of a database as one process knows them. For any thread."""

    def __init__(self, database: Transactions) -> None:
        self._database = database
        self._newest: dict[int, Dictionary] = {}
        self._ready: dict[int, ZstdCompressionDict] = {}
        self._lock = Lock()  # never held while the database is asked, which may wait for a thread that wants the lock

    def newest(self, projects: Iterable[int]) -> dict[int, Dictionary]:
        """What each of these projects packs with now."""
        known = {project: self._newest.get(project) for project in projects}
        if missing := [project for project, dictionary in known.items() if dictionary is None]:
            with self._database.reading() as connection:
                loaded = {project: self._load(connection, project) for project in missing}
            for project, dictionary in loaded.items():
                self._keep(self._newest, project, dictionary)
                known[project] = dictionary
        return {project: dictionary for project, dictionary in known.items() if dictionary is not None}

    def ready(self, connection: Connection, id: int) -> ZstdCompressionDict | None:
        """The dictionary of that id, None for 0. Raises Unavailable where it is not in the database."""
        if not id or id in self._ready:
            return self._ready.get(id)
        data = connection.execute(select(dictionaries.c.data).where(dictionaries.c.id == id)).scalar_one_or_none()
        if data is None:
            raise Unavailable(
                f"the body was packed with dictionary {id}, which is not in the table `dictionaries`: restore it from "
                "a backup of this database"
            )
        return self._keep(self._ready, id, digested(bytes(data)))

    def check(self, connection: Connection, used: Mapping[int, Dictionary]) -> None:
        """Make sure, in the transaction that writes bodies, that what they were packed with is there.

        A database that was put back to an earlier state under a running process may have lost it: then this raises
        Unavailable, and whoever tries again packs anew. What others have learnt meanwhile is used from the next batch.
        """
        rows = list(ask(connection, GENERATIONS, [(project,) for project in used]))
        there = {id for _, _, id in rows}
        old = {project for project, generation, _ in rows if generation > used[project].generation}
        lost = {project for project, dictionary in used.items() if dictionary.id and dictionary.id not in there}
        self.forget(old | lost)
        if lost:
            raise Unavailable(f"the dictionaries of projects {sorted(lost)} are gone; their events are packed anew")

    def forget(self, projects: Iterable[int]) -> None:
        """Read again what these projects pack with."""
        for project in projects:
            self._newest.pop(project, None)

    def _load(self, connection: Connection, project: int) -> Dictionary:
        mine = select(dictionaries.c.id, dictionaries.c.generation).where(dictionaries.c.project == project)
        row = connection.execute(mine.order_by(dictionaries.c.generation.desc()).limit(1)).one_or_none()
        return Dictionary(row.id, row.generation, self.ready(connection, row.id)) if row else Dictionary()

    def _keep(self, cache: dict[int, T], key: int, value: T) -> T:
        with self._lock:
            while len(cache) >= KEPT:
                del cache[next(iter(cache))]
            cache[key] = value
        return value
