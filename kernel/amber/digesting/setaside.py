"""What leaves the digest other than into the stores: parts that are taken again on their own, and dead letters.

Each carries its place in the message it came in, so that it counts once however often it is published.
"""

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from amber.bus import ITEMS, Bus, Message
from amber.delivering.delivery import DeadLetters
from amber.digesting.jobs import Job, buried, lone, reason_of
from amber.errors import PluginError, Reject
from amber.model import BlobStore, OutcomeCount, Submission
from amber.parked import renew
from amber.poison.letters import PART
from amber.poison.lineage import part_of
from amber.wire import frames
from amber.wire.accounts import of_dead, position_of


class SetAside:
    """Where a digest puts what it cannot go on with. Everything here raises Unavailable."""

    def __init__(self, bus: Bus, dead: DeadLetters, blobs: BlobStore) -> None:
        self._bus, self._dead, self._blobs = bus, dead, blobs

    async def split(self, message: Message, submissions: Sequence[Submission]) -> None:
        """Publish each submission of a frame in a message of its own."""
        for position, submission in enumerate(submissions):
            await renew(filter(None, [submission.blob]), self._blobs)
            await self._publish(message, submission, f"{position}")

    async def again(self, job: Job, item_id: str) -> None:
        """Publish an item in a message of its own."""
        submission = await self._with_own_body(lone(job, item_id), item_id)
        await self._publish(job.message, submission, f"{job.position}.{position_of(item_id)}")

    async def _publish(self, origin: Message, submission: Submission, name: str) -> None:
        headers = part_of(origin, name)
        await self._bus.publish(origin.subject, frames.encode([submission]), f"part-{headers[PART]}", headers)

    async def _with_own_body(self, submission: Submission, item_id: str) -> Submission:
        """A body from the blob store is too large for the bus, and goes once what it came in is stored: keep a copy."""
        if not submission.blob:
            return submission
        key = f"{submission.blob}-{position_of(item_id)}"
        await asyncio.to_thread(self._blobs.put, key, submission.body)
        return replace(submission, blob=key, body=b"")

    async def bury(self, jobs: Sequence[Job]) -> None:
        """Keep every submission that failed among the dead letters."""
        for job in jobs:
            if job.failure is not None:
                # a body from the blob store stays there; it would not fit into a message
                kept = replace(job.submission, body=b"") if job.submission.blob else job.submission
                await self._keep(job, kept, job.failure, f"dead-{job.position}")

    async def bury_item(self, job: Job, item_id: str, error: PluginError) -> list[OutcomeCount]:
        """Keep one item of a submission among the dead letters; what that adds to the counts."""
        kept = await self._with_own_body(lone(job, item_id), item_id)
        await self._keep(job, kept, error, f"dead-{job.position}.{position_of(item_id)}")
        hour = int(kept.received_at // 3600)
        return [replace(count, hour=count.hour or hour) for count in of_dead(kept, reason_of(error))]

    async def _keep(self, job: Job, kept: Submission, error: PluginError | Reject, name: str) -> None:
        plugin = error.plugin if isinstance(error, PluginError) else job.submission.protocol
        original = buried(replace(job.message, data=frames.encode([kept])), error, name)
        await self._dead.add(ITEMS.name, plugin, str(error), original)
