"""How a project comes by its dictionaries: some of its bodies are read again, once there are enough to learn from.

It happens after the batch that makes the number full is written, and takes about a fifth of a second. How good a
dictionary is, is seen on bodies it was not made of; unless it packs them clearly smaller than what there is, it is let
go, so a project gets few in its life.
"""

import logging
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from sqlalchemy import Connection, func, select
from zstandard import ZstdCompressionDict

from amber.errors import Unavailable
from amber_storage.sql.bodies import compressor, dictionary_of, plain, trained
from amber_storage.sql.dictionaries import Dictionaries, Dictionary
from amber_storage.sql.numbers import Identity
from amber_storage.sql.schema import dictionaries, events
from amber_storage.sql.transactions import Transactions, insert_new

SAMPLES = 128
"""Bodies to learn from and to be tested on, half and half."""
TRIES_THAT_SLOW_DOWN = 3
"""After the first 128 bodies that a process writes for a project it tries once more after 1,280, after 12,800, and then
after every 128,000."""
LARGEST = 64 * 1024
PART_OF_SAMPLES = 8
"""A dictionary larger than an eighth of what it is made of holds too much that happened once."""
GAIN = 0.9
"""How small, beside what they take now, the bodies must become for a new dictionary to be worth its place."""
PROJECTS = 1000
"""How many projects are watched at once."""

log = logging.getLogger("amber.plugin.sql")


class _Watch:
    """What was seen of a project since it was last tried."""

    def __init__(self, tries: int) -> None:
        self.tries, self.count = tries, 0
        self.numbers: deque[int] = deque(maxlen=SAMPLES)

    def is_due(self, number: int) -> bool:
        window: int = SAMPLES * 10 ** min(self.tries, TRIES_THAT_SLOW_DOWN)
        self.count += 1
        if self.count % (window // SAMPLES) == 0:  # all over the window, so that one burst is not all there is
            self.numbers.append(number)
        return self.count >= window


class Learner:
    """Watches what is written, and makes dictionaries. For any thread."""

    def __init__(self, database: Transactions, known: Dictionaries) -> None:
        self._database, self._known = database, known
        self._watched: dict[int, _Watch] = {}
        self._lock = Lock()

    def watch(self, numbers: Mapping[Identity, int]) -> None:
        """Note events that were written; learn from them where there are enough by now."""
        for project, samples in self._noted(numbers):
            try:
                learn(self._database, self._known, project, samples)
            except Unavailable as error:  # the events are written: that they could take less space is no failure
                log.warning("project %d got no new dictionary: %s", project, error)

    def _noted(self, numbers: Mapping[Identity, int]) -> list[tuple[int, list[int]]]:
        due: list[tuple[int, list[int]]] = []
        with self._lock:
            for (project, _), number in numbers.items():
                watch = self._watched.get(project) or self._new_watch(project, 0)
                if watch.is_due(number):
                    due.append((project, list(watch.numbers)))
                    self._new_watch(project, watch.tries + 1)
        return due

    def _new_watch(self, project: int, tries: int) -> _Watch:
        while len(self._watched) >= PROJECTS:
            del self._watched[next(iter(self._watched))]
        self._watched[project] = _Watch(tries)
        return self._watched[project]


def learn(database: Transactions, known: Dictionaries, project: int, numbers: Sequence[int]) -> bool:
    """Make a dictionary from the bodies of these events; whether it became the project's newest."""
    with database.reading() as connection:
        samples = _bodies(connection, known, numbers)
    now = known.newest([project])[project]
    new = _better(samples, now)
    if new is None:
        return False
    with database.writing([project]) as connection:
        is_kept = _keep(connection, project, now, new)
    known.forget([project])
    return is_kept


def _bodies(connection: Connection, known: Dictionaries, numbers: Sequence[int]) -> list[bytes]:
    found = connection.execute(select(events.c.body).where(events.c.number.in_(numbers)).order_by(events.c.number))
    bodies = [bytes(body) for body in found.scalars()]
    return [plain(body, known.ready(connection, dictionary_of(body))) for body in bodies]


def _better(samples: Sequence[bytes], now: Dictionary) -> ZstdCompressionDict | None:
    examples, others = samples[::2], samples[1::2]
    new = trained(examples, min(LARGEST, sum(map(len, examples)) // PART_OF_SAMPLES))
    if new is None or _size(others, new) > GAIN * _size(others, now.ready):
        return None
    return new


def _size(bodies: Iterable[bytes], dictionary: ZstdCompressionDict | None) -> int:
    compress = compressor(dictionary)
    return sum(len(compress(body)) for body in bodies)


def _keep(connection: Connection, project: int, now: Dictionary, new: ZstdCompressionDict) -> bool:
    """Keep it, unless another worker was faster: then that one's is the newest."""
    newest = select(func.max(dictionaries.c.generation)).where(dictionaries.c.project == project)
    if (connection.execute(newest).scalar() or 0) != now.generation:
        return False
    row = {"id": new.dict_id(), "project": project, "generation": now.generation + 1, "created_at": time.time()}
    made = connection.execute(insert_new(connection, dictionaries), {**row, "data": new.as_bytes()})
    return made.rowcount > 0
