"""What the edge refused, told to the workers now and then so that it is counted with everything else."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import Counter

import msgspec

from amber.bus.reading import read_json
from amber.errors import Unavailable
from amber.ingest.commit import Committer
from amber.model import Decoded, IngestProtocol, OutcomeCount, Submission

log = logging.getLogger("amber.tally")
PROTOCOL = "kernel"
PERIOD = 0.25
"""Seconds: what was refused within them is not counted if the edge is killed. What was accepted always is."""
Key = tuple[int, str, str, str, int]


class Tally:
    """Adds up outcomes in memory and sends them as submissions of the kernel's own."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._counts: Counter[Key] = Counter()

    def add(self, count: OutcomeCount) -> None:
        """Count something that did not get past the edge."""
        self._counts[count.project, count.category, count.outcome, count.reason, count.hour] += count.quantity

    async def run(self) -> None:
        """Send once a period, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            with contextlib.suppress(Unavailable):  # kept for the next round
                await self.flush()

    async def flush(self) -> None:
        """Send what has been counted since the last time. Raises Unavailable, with the counts kept."""
        if not self._counts:
            return
        counts, self._counts = self._counts, Counter()
        told = [OutcomeCount(*key[:4], quantity=quantity, hour=key[4]) for key, quantity in counts.items()]
        submission = Submission(
            secrets.token_hex(12), PROTOCOL, "outcomes", 0, time.time(), body=msgspec.json.encode(told)
        )
        try:
            await self._committer.commit(submission)
        except Unavailable:
            self._counts.update(counts)
            raise


def protocol() -> IngestProtocol:
    """How a worker reads what the tally sends; it has no routes, so nobody else can send it."""

    def nothing(*_: object) -> object:
        raise TypeError("the kernel's own protocol is not spoken over HTTP")

    return IngestProtocol(PROTOCOL, (), nothing, nothing, nothing, nothing, decode)  # type: ignore[arg-type]


def decode(submission: Submission) -> Decoded:
    """The outcomes a tally sent. Raises Reject for what none sent."""
    return Decoded(outcomes=tuple(read_json(submission.body, list[OutcomeCount], "a tally")))
