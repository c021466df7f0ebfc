"""`/dead-letters/retry` and `/dead-letters/drop`: many letters at once, by number or by what they say."""

import asyncio
from typing import Annotated, Literal

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from amber.errors import Reject
from amber.model import LetterFilter
from amber_api.v1.dead_letters import Name, ProjectId, StreamName
from amber_api.v1.query import Words
from amber_api.v1.shapes import PROBLEMS
from amber_api.v1.tenant import Caller, row_id

Number = Annotated[str, Meta(max_length=18)]


class LetterMatch(Struct, frozen=True, forbid_unknown_fields=True):
    """Which letters; an empty one means all that the caller may see. `until` is the highest number: `newest` of the
    list keeps out what died after you looked.
    """

    plugin: Name = ""
    stream: StreamName = ""
    project: ProjectId = 0
    text: Annotated[Words, Meta(description="With this in the reason")] = ""
    until: Annotated[int, Meta(ge=0, le=10**17, description="None above this number")] = 0


class LetterBulk(Struct, frozen=True, forbid_unknown_fields=True):
    """Either the numbers of letters, or what they have in common; of those at most `limit`, oldest first."""

    ids: Annotated[tuple[Number, ...], Meta(max_length=200)] = ()
    match: LetterMatch | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 1000


class Swept(Struct, frozen=True):
    """How many letters were taken, and how many that match are left: ask again for those."""

    done: int
    left: int


@post("/dead-letters/retry", action="org:admin", tags=["dead letters"], responses=PROBLEMS, status_code=202)
async def retry_dead_letters(tenant: Caller, data: JSONBody[LetterBulk]) -> Swept:
    """Hand many letters back to where they came from."""
    return await _sweep(tenant, data, "retry")


@post("/dead-letters/drop", action="org:admin", tags=["dead letters"], responses=PROBLEMS, status_code=200)
async def drop_dead_letters(tenant: Caller, data: JSONBody[LetterBulk]) -> Swept:
    """Forget many letters for good."""
    return await _sweep(tenant, data, "drop")


async def _sweep(tenant: Caller, data: LetterBulk, deed: Literal["retry", "drop"]) -> Swept:
    if bool(data.ids) == (data.match is not None):
        raise Reject("say which letters: either `ids`, or `match`")
    seen = await asyncio.to_thread(tenant.letters_seen)
    desk, audit = tenant.kernel("dead_letters"), tenant.audit(f"letter.{deed}", "dead-letters")
    if data.match is None:
        one_by_one = desk.retry if deed == "retry" else desk.drop
        return Swept(await one_by_one([row_id(one) for one in dict.fromkeys(data.ids)], seen, audit), 0)
    match = data.match
    wanted = LetterFilter(seen, match.plugin, match.stream, match.project, match.text, match.until)
    swept = await (desk.retry_all if deed == "retry" else desk.drop_all)(wanted, data.limit, audit)
    return Swept(swept.done, swept.left)


HANDLERS = (retry_dead_letters, drop_dead_letters)
