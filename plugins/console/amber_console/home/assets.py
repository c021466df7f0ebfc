"""Style sheets and scripts, served under an address that changes with their content."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from litestar import Response
from msgspec import Struct

from amber.errors import Reject

TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FOREVER, BRIEFLY = "public, max-age=31536000, immutable", "public, max-age=600"


class Asset(Struct, frozen=True):
    """One file as it is sent."""

    body: bytes
    content_type: str
    version: str


class Assets:
    """Every style sheet and script below `static/`, by its path there."""

    def __init__(self) -> None:
        self._found: Mapping[str, Asset] = dict(_read(files("amber_console.home") / "static"))

    def url(self, name: str) -> str:
        """Where browsers get a file and may keep it for good."""
        return f"/static/console/{name}?v={self._found[name].version}"

    def answer(self, name: str, version: str) -> Response[bytes]:
        """The file; `Reject` with 404 where there is none."""
        asset = self._found.get(name)
        if asset is None:
            raise Reject("There is no such file.", status=404)
        headers = {
            "x-content-type-options": "nosniff",
            "cache-control": FOREVER if version == asset.version else BRIEFLY,
        }
        return Response(asset.body, media_type=asset.content_type, headers=headers)


def _read(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{prefix}{entry.name}/")
        elif (kind := TYPES.get(entry.name.rpartition(".")[2])) is not None:
            body = entry.read_bytes()
            yield prefix + entry.name, Asset(body, kind, sha256(body).hexdigest()[:12])
