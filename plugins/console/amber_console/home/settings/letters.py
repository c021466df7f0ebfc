"""`/dead-letters`: what could not be handled, with the reason; and consumers that stand still because of it."""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from amber.errors import Reject
from amber.model import Letter, LetterFilter, Project
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import Form, form_of
from amber_console.home.visitor import ROW_ID, Visitor

LINES = 50
AT_ONCE = 1000
"""Letters one click takes; of more the page says how many are left."""
PATH = "/dead-letters"
FIELDS = ("text", "plugin", "project")
KINDS: Mapping[str, str] = {"ITEMS": "from an SDK", "FACTS": "news for a plugin", "TASKS": "a delivery"}
"""What a letter held, by the stream it came from."""
FIGURES = re.compile(r"[0-9]{1,6}")


class Line(Struct, frozen=True):
    """A letter in the list; `project` is None where it belongs to none, or to one that is gone."""

    letter: Letter
    project: Project | None
    kind: str


@get(PATH, action="org:admin")
async def letters_page(asked: Ask) -> Response[bytes]:
    """The letters, newest first."""
    return await _page(asked)


@post(f"{PATH}/bulk", action="org:admin")
async def change_letters(asked: Ask) -> Response[Any]:
    """Hand back or drop what was ticked, or all that match."""
    deed, form = asked.form.text("deed"), asked.form
    query = {field: form.text(field) for field in FIELDS if form.text(field)}
    try:
        done, left = await _change(asked, *deed.partition("-")[::2])
    except Reject as refusal:
        return await _page(asked, refusal)
    told = {"done": deed.partition("-")[0], "count": str(done), "left": str(left)}
    return go(f"{PATH}?{urlencode(query | told)}")


@post("/consumers/{consumer:str}/resume", action="admin")
async def resume(asked: Ask, consumer: FromPath[str]) -> Response[Any]:
    """Let a consumer go on."""
    audit = asked.visitor.audit("consumer.resume", f"consumer:{consumer}")
    await asked.visitor.kernel("consumers").resume(consumer, audit)
    return go(f"{PATH}?done=resumed")


async def _change(asked: Asked, deed: str, scope: str) -> tuple[int, int]:
    """How many letters were taken, and how many are left that match."""
    visitor, desk = asked.visitor, asked.visitor.kernel("dead_letters")
    if deed not in ("retry", "drop"):
        raise Reject("say what to do with them: retry or drop")
    seen, audit = await asyncio.to_thread(lambda: visitor.letters_seen), visitor.audit(f"letter.{deed}", "dead-letters")
    if scope == "all":
        until = asked.form.text("until")
        wanted = await _wanted(visitor, asked.form, int(until) if ROW_ID.fullmatch(until) else 0)
        swept = await (desk.retry_all if deed == "retry" else desk.drop_all)(wanted, AT_ONCE, audit)
        return swept.done, swept.left
    numbers = [int(one) for one in dict.fromkeys(asked.form.every("letter")) if ROW_ID.fullmatch(one)]
    if not numbers:
        raise Reject("nothing was chosen: tick the letters you mean")
    return await (desk.retry if deed == "retry" else desk.drop)(numbers, seen, audit), 0


async def _page(asked: Asked, refusal: Reject | None = None) -> Response[bytes]:
    visitor, cursor = asked.visitor, asked.query.get("cursor", "")
    form = form_of(**{name: (asked.form.text(name) or asked.query.get(name, "")).strip()[:200] for name in FIELDS})
    wanted = await _wanted(visitor, form)
    found = await visitor.kernel("dead_letters").page(wanted, cursor, LINES)
    query = urlencode({name: form.text(name) for name in FIELDS if form.text(name)})
    return await asyncio.to_thread(
        lambda: asked.draw(
            "letters",
            form,
            refusal,
            lines=_lines(visitor, found.page.items),
            found=found,
            query=query,
            is_first=not cursor,
            told=told(asked.query),
            plugins=sorted(str(one["name"]) for one in visitor.kernel("plugins")()),
            at_once=AT_ONCE,
        )
    )


async def _wanted(visitor: Visitor, form: Form, until: int = 0) -> LetterFilter:
    """The letters that a form means; a project nobody knows has none."""
    slug = form.text("project")
    known = await asyncio.to_thread(lambda: {one.slug: one.id for one in visitor.projects.values()})
    seen = await asyncio.to_thread(lambda: visitor.letters_seen)
    project = known.get(slug, 0)
    seen = frozenset() if slug and not project else seen
    return LetterFilter(seen, form.text("plugin"), "", project, form.text("text"), until)


def _lines(visitor: Visitor, letters: Iterable[Letter]) -> Sequence[Line]:
    every = list(letters)
    homes = {one: visitor.directory.project(str(one)) for one in {letter.project for letter in every} if one}
    return [Line(one, homes.get(one.project), kind_of(one)) for one in every]


def kind_of(letter: Letter) -> str:
    """What a letter held, in words."""
    kind = KINDS.get(letter.stream, letter.stream.lower())
    return f"{', '.join(letter.items)} {kind}" if letter.stream == "ITEMS" else f"{kind}: {', '.join(letter.items)}"


def told(query: Mapping[str, str]) -> str:
    """What a bulk deed did, from the figures its address carries: nobody can put words there."""
    count, left = query.get("count", ""), query.get("left", "0")
    verb = {"retry": "handed back", "drop": "dropped"}.get(query.get("done", ""), "")
    if not verb or not FIGURES.fullmatch(count) or not FIGURES.fullmatch(left):
        return ""
    rest = f" {int(left):,} more match: press again for them." if int(left) else ""
    return f"{int(count):,} {'letter' if count == '1' else 'letters'} {verb}.{rest}"


HANDLERS = (letters_page, change_letters, resume)
