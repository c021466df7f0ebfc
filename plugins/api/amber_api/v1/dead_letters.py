"""`/dead-letters`: what could not be handled, with the reason; opened, handed back, dropped."""

import asyncio
import base64
from typing import Annotated, Literal

from litestar import delete, get, post
from msgspec import Meta, Struct

from amber.model import Letter, LetterFilter, rfc3339
from amber_api.v1.paths import LetterPath
from amber_api.v1.query import Paging, Query, Words, queried
from amber_api.v1.shapes import PROBLEMS, moment
from amber_api.v1.tenant import Caller, row_id

Name = Annotated[str, Meta(max_length=100, pattern=r"^[\w-]*$", description="Set aside by this plugin")]
StreamName = Annotated[Literal["", "ITEMS", "FACTS", "TASKS"], Meta(description="Came from this stream")]
ProjectId = Annotated[int, Meta(ge=0, le=10**17, description="Of the project with this id")]


class LetterItem(Struct, frozen=True):
    """A dead letter. `items` are the categories of what it held, or the kind of a fact or notification; `first_at` is
    when it first died, `retries` how often it was handed back since; `project` is null where it belongs to none.
    """

    id: str
    stream: str
    plugin: str
    reason: str
    project: str | None
    event_id: str | None
    items: list[str]
    client: str
    at: str
    first_at: str
    received_at: str | None
    delivered: int
    retries: int
    size: int


class LetterListing(Struct, frozen=True):
    """One page of letters; `total` is how many match in all, `newest` the number of the newest one of any kind."""

    items: list[LetterItem]
    total: int
    newest: str
    next: str | None = None


class ContentItem(Struct, frozen=True):
    """One submission of an original: `body` without its encoding, or `body_base64` where that is no text."""

    id: str
    protocol: str
    route: str
    encoding: str
    size: int
    body: str
    body_base64: str
    is_cut: bool
    note: str


class OriginalItem(Struct, frozen=True):
    """A dead letter with what the client sent, unscrubbed."""

    letter: LetterItem
    contents: list[ContentItem]


class LetterQuery(Paging, frozen=True, forbid_unknown_fields=True):
    """Which letters."""

    plugin: Name = ""
    stream: StreamName = ""
    project: ProjectId = 0
    text: Annotated[Words, Meta(description="With this in the reason")] = ""
    order: Annotated[Literal["newest", "oldest"], Meta(description="What comes first")] = "newest"


@get("/dead-letters", action="org:admin", tags=["dead letters"], responses=PROBLEMS, **queried(LetterQuery))
async def list_dead_letters(tenant: Caller, asked: Query[LetterQuery]) -> LetterListing:
    """Dead letters of the organisation's projects; of the whole installation with the scope `admin`."""
    seen = await asyncio.to_thread(tenant.letters_seen)
    wanted = LetterFilter(seen, asked.plugin, asked.stream, asked.project, asked.text)
    desk = tenant.kernel("dead_letters")
    found = await desk.page(wanted, asked.cursor, asked.limit, oldest_first=asked.order == "oldest")
    items = [letter_item(one) for one in found.page.items]
    return LetterListing(items, found.total, str(found.newest), found.page.next)


@get("/dead-letters/{letter:str}", action="org:admin", tags=["dead letters"], responses=PROBLEMS)
async def show_dead_letter(tenant: Caller, letter: LetterPath) -> LetterItem:
    """One dead letter, without its original."""
    seen = await asyncio.to_thread(tenant.letters_seen)
    return letter_item(await tenant.kernel("dead_letters").get(row_id(letter), seen))


@get("/dead-letters/{letter:str}/original", action="admin", tags=["dead letters"], responses=PROBLEMS)
async def open_dead_letter(tenant: Caller, letter: LetterPath) -> OriginalItem:
    """What the client sent. It may hold secrets that scrubbing would have taken out, so every look is in the audit
    log.
    """
    seen = await asyncio.to_thread(tenant.letters_seen)
    number, audit = row_id(letter), tenant.audit("letter.open", f"dead-letter:{letter}")
    found = await tenant.kernel("dead_letters").open(number, seen, audit)
    contents = [
        ContentItem(
            id=one.id,
            protocol=one.protocol,
            route=one.route,
            encoding=one.encoding,
            size=one.size,
            body=one.body,
            body_base64=base64.b64encode(one.raw).decode(),
            is_cut=one.is_cut,
            note=one.note,
        )
        for one in found.contents
    ]
    return OriginalItem(letter_item(found.letter), contents)


@post(
    "/dead-letters/{letter:str}/retry",
    action="org:admin",
    tags=["dead letters"],
    responses=PROBLEMS,
    status_code=202,
)
async def retry_dead_letter(tenant: Caller, letter: LetterPath) -> LetterItem:
    """Hand a letter back to where it came from; it is gone from the list. What fails again makes a new letter."""
    desk, number = tenant.kernel("dead_letters"), row_id(letter)
    seen = await asyncio.to_thread(tenant.letters_seen)
    known = await desk.get(number, seen)
    await desk.retry([number], seen, tenant.audit("letter.retry", f"dead-letter:{letter}"))
    return letter_item(known)


@delete("/dead-letters/{letter:str}", action="org:admin", tags=["dead letters"], responses=PROBLEMS)
async def drop_dead_letter(tenant: Caller, letter: LetterPath) -> None:
    """Forget a letter and its original for good."""
    seen = await asyncio.to_thread(tenant.letters_seen)
    audit = tenant.audit("letter.drop", f"dead-letter:{letter}")
    await tenant.kernel("dead_letters").drop([row_id(letter)], seen, audit)


def letter_item(one: Letter) -> LetterItem:
    """A letter as the API shows it."""
    return LetterItem(
        id=str(one.id),
        stream=one.stream,
        plugin=one.plugin,
        reason=one.reason,
        project=str(one.project) if one.project else None,
        event_id=one.event_id or None,
        items=list(one.items),
        client=one.client,
        at=rfc3339(one.at),
        first_at=rfc3339(one.first_at),
        received_at=moment(one.received_at or None),
        delivered=one.delivered,
        retries=one.retries,
        size=one.size,
    )


HANDLERS = (list_dead_letters, show_dead_letter, open_dead_letter, retry_dead_letter, drop_dead_letter)
