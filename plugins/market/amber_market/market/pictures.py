"""Screenshots of plugins: fetched by Amber, never by a browser, and shown only if they are what the index says."""

import asyncio
from hashlib import sha256
from pathlib import Path

from amber import Context
from amber.errors import Reject
from amber.model import Download
from amber_market.index.shape import LARGEST_SCREENSHOT, Screenshot
from amber_market.market.config import Config, IndexConfig
from amber_market.market.fetching import beside, fetch

KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""How the kinds of pictures that are shown begin; none of them can hold a script."""


async def picture(ctx: Context[Config], index: IndexConfig, shot: Screenshot) -> Download:
    """A screenshot; it is fetched once and kept. Raises Reject and Retry."""
    kept = ctx.data / "screenshots" / shot.sha256
    data = await asyncio.to_thread(_kept, kept)
    if data is None:
        data = await fetch(ctx, beside(index.source, shot.url), LARGEST_SCREENSHOT)
        if sha256(data).hexdigest() != shot.sha256:
            raise Reject("The screenshot is not the one the index names.", status=404)
        await asyncio.to_thread(_keep, kept, data)
    kind = next((kind for start, kind in KINDS.items() if data.startswith(start)), None)
    if kind is None:
        raise Reject("The screenshot is no picture that is shown here.", status=404)
    return Download(shot.sha256[:12], kind, data)


def _kept(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _keep(file: Path, data: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    draft = file.with_suffix(".part")
    draft.write_bytes(data)
    draft.replace(file)
