"""`/dead-letters/{number}`: one dead letter, with the reason in full and, for superusers, the original."""

import asyncio
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.letters import PATH, kind_of
from amber_console.home.visitor import ROW_ID, found

ONE = f"{PATH}/{{letter:str}}"


@get(ONE, action="org:admin")
async def letter_page(asked: Ask, letter: FromPath[str]) -> Response[bytes]:
    """The letter without its original."""
    seen = await asyncio.to_thread(lambda: asked.visitor.letters_seen)
    known = await asked.visitor.kernel("dead_letters").get(number_of(letter), seen)
    return await _page(asked, known)


@get(f"{ONE}/original", action="admin")
async def open_letter(asked: Ask, letter: FromPath[str]) -> Response[bytes]:
    """The letter with what the client sent; that somebody looked is in the audit log."""
    seen = await asyncio.to_thread(lambda: asked.visitor.letters_seen)
    audit = asked.visitor.audit("letter.open", f"dead-letter:{letter}")
    original = await asked.visitor.kernel("dead_letters").open(number_of(letter), seen, audit)
    return await _page(asked, original.letter, original.contents)


@post(f"{ONE}/retry", action="org:admin")
async def retry_letter(asked: Ask, letter: FromPath[str]) -> Response[Any]:
    """Hand it back to where it came from."""
    return await _do(asked, letter, "retry", "handed-back")


@post(f"{ONE}/drop", action="org:admin")
async def drop_letter(asked: Ask, letter: FromPath[str]) -> Response[Any]:
    """Forget it for good."""
    return await _do(asked, letter, "drop", "dropped")


def number_of(ref: str) -> int:
    """The number in a path; `Reject` with 404 where there is none."""
    return found(int(ref) if ROW_ID.fullmatch(ref) else None, "dead letter")


async def _do(asked: Asked, ref: str, deed: str, said: str) -> Response[Any]:
    seen = await asyncio.to_thread(lambda: asked.visitor.letters_seen)
    desk, audit = asked.visitor.kernel("dead_letters"), asked.visitor.audit(f"letter.{deed}", f"dead-letter:{ref}")
    await (desk.retry if deed == "retry" else desk.drop)([number_of(ref)], seen, audit)
    return go(f"{PATH}?done={said}")


async def _page(asked: Asked, letter: Any, contents: Any = None) -> Response[bytes]:
    def draw() -> Response[bytes]:
        project = asked.visitor.directory.project(str(letter.project)) if letter.project else None
        return asked.draw("letter", letter=letter, home=project, kind=kind_of(letter), contents=contents)

    return await asyncio.to_thread(draw)


HANDLERS = (letter_page, open_letter, retry_letter, drop_letter)
