"""Files of indexes: over HTTP or from a disk, never more of them than was asked for."""

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from amber import Context
from amber.errors import Reject

HOPS = 5
"""Redirects that are followed; stores of releases send readers on to where the bytes are."""
MOVED = frozenset({301, 302, 303, 307, 308})


def is_address(source: str) -> bool:
    """Whether this names a file on another machine rather than one on ours."""
    return re.match(r"https?://", source, re.IGNORECASE) is not None


def beside(source: str, file: str) -> str:
    """Where a file is that an index at `source` names. Raises Reject for one that leads from the network to our disk,
    or from an encrypted way to one that is not.
    """
    if is_address(file) or is_address(source):
        return _not_weaker(source, urljoin(source, file))
    if Path(file).is_absolute() or ".." in Path(file).parts:
        raise Reject(f"{file[:200]!r} is outside of the folder of the index")
    return str(Path(source).parent / file)


def _not_weaker(source: str, target: str) -> str:
    allowed = {"https"} if urlsplit(source).scheme.lower() == "https" else {"http", "https"}
    if urlsplit(target).scheme.lower() not in allowed:
        raise Reject(f"{source[:200]} leads to {target[:200]}, which is a weaker way")
    return target


async def fetch(ctx: Context[Any], source: str, most: int) -> bytes:
    """The bytes of a file, at most so many. Raises Reject and Retry with a sentence that names the place."""
    if not is_address(source):
        return await asyncio.to_thread(_on_disk, Path(source), most)
    place = source
    for _ in range(HOPS + 1):
        answer = await ctx.http.get(place, {"Accept": "*/*"}, most)
        if answer.status == 200:
            return answer.body
        if answer.status not in MOVED or "location" not in answer.headers:
            raise Reject(f"{place[:200]} answered {answer.status} instead of the file")
        place = _not_weaker(place, urljoin(place, answer.headers["location"]))
    raise Reject(f"{source[:200]} leads from one place to the next and to no file")


def _on_disk(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            found = file.read(most + 1)
    except OSError as error:
        raise Reject(f"{path} cannot be read: {error.strerror}") from None
    if len(found) > most:
        raise Reject(f"{path} has more than {most:,} bytes, which is the most that is read")
    return found
