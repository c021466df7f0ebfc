"""Debug images: the binaries and source maps a stack refers to."""

from typing import Any

from amber_ingest.normalise.bags import bag
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import Rule, Shape

TYPES = frozenset({"macho", "elf", "pe", "pe_dotnet", "wasm", "sourcemap", "proguard", "jvm"})
OLD_TYPES = {"apple": "macho", "symbolic": "macho"}
MOST = 5000
_IMAGE = bag(2048, 3)


def _images(value: Any, notes: Notes, path: Path) -> list[dict[str, Any]] | None:
    if not isinstance(value, list):
        notes.bad(path, "expected a list", value)
        return None
    if len(value) > MOST:
        notes.shortened(path, len(value))
    kept: list[dict[str, Any]] = []
    for entry in value[:MOST]:
        image = None if entry is None else _image(entry, notes, (*path, str(len(kept))))
        if image is not None:
            kept.append(image)
    return kept


def _image(value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        notes.bad(path[:-1], "expected objects", value)
        return None
    kind = value.get("type")
    kind = OLD_TYPES.get(kind, kind) if isinstance(kind, str) else kind
    if kind not in TYPES if isinstance(kind, str) else True:
        notes.bad(path[:-1], "unknown type of image", kind)
        return None
    image: dict[str, Any] | None = _IMAGE.mend({"type": kind} | value | {"type": kind}, notes, path)
    return image


DEBUG_META = Shape(
    "DebugMetaShape",
    {"images": Rule(Any, _images, always=True), "sdk_info": bag(1024, 2), "system_sdk": bag(1024, 2)},
)
