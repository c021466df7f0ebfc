"""Large fields that are in normal form as they came, or can be put into it by themselves: kept as bytes.

Reading into the types below costs less than building plain objects, and what passes needs no mending and no writing.
The types are made from the same tables as the plain way, which decides wherever a field does not pass; so an event is
the same whichever way it went.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from amber.model import Json, Level, remembered
from amber_ingest.normalise import attributes
from amber_ingest.normalise.bags import SMALL_BAG
from amber_ingest.normalise.breadcrumbs import CRUMB
from amber_ingest.normalise.encoding import nested, sound
from amber_ingest.normalise.exception import EXCEPTION, exceptions
from amber_ingest.normalise.frames import FRAME, MOST_DETAILED
from amber_ingest.normalise.in_app import GUESSING, mark_frames
from amber_ingest.normalise.mechanism import MECHANISM, is_source
from amber_ingest.normalise.notes import Notes
from amber_ingest.normalise.rules import MOST_ENTRIES, Shape
from amber_ingest.normalise.times import is_normal

MODULES_SIZE = 8192
SIZE, DEPTH = SMALL_BAG


Bag = dict[str, nested(DEPTH - 1)]  # type: ignore[misc, valid-type]  # made of the limit


def _right(name: str, shape: Shape, stricter: Mapping[str, Any], left_out: Sequence[str] = ()) -> Any:
    """The type of objects that the shape would leave as they are; fields of `stricter` are required where not None."""
    columns: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for field, rule in shape.fields.items():
        if field in stricter:
            kind = stricter[field]
            columns.append((field, kind) if type(None) not in getattr(kind, "__args__", ()) else (field, kind, None))
        elif field not in left_out:
            columns.append((field, rule.fits | None, None))
    required_first = sorted(columns, key=len)
    return msgspec.defstruct(name, required_first, forbid_unknown_fields=True, gc=False)


_Name = Annotated[str, Meta(min_length=1, max_length=128)]
_Frame = _right(
    "RightFrame",
    FRAME,
    {"in_app": bool, "filename": FRAME.fields["filename"].fits, "abs_path": FRAME.fields["abs_path"].fits,
     "vars": Bag | None},
    ("data", "lock", "module_metadata"),
)  # fmt: skip
_Frames = Annotated[list[_Frame], Meta(max_length=MOST_DETAILED)]  # type: ignore[valid-type]  # made above, from the table


class _Stack(Struct, forbid_unknown_fields=True):
    frames: _Frames


_Mechanism = _right("RightMechanism", MECHANISM, {"type": _Name, "data": Bag | None, "source": str | None}, ("meta",))
_Exception = _right(
    "RightException",
    EXCEPTION,
    {"type": EXCEPTION.fields["type"].fits, "value": Annotated[str, Meta(max_length=8192)] | None,
     "stacktrace": _Stack | None, "mechanism": _Mechanism | None},
    ("raw_stacktrace",),
)  # fmt: skip
_Crumb = _right(
    "RightBreadcrumb",
    CRUMB,
    {"timestamp": str | None, "type": _Name, "level": Level, "data": Bag | None},
)


class _Exceptions(Struct, forbid_unknown_fields=True):
    values: Annotated[list[_Exception], Meta(min_length=1, max_length=MOST_ENTRIES)]  # type: ignore[valid-type]


class _Crumbs(Struct, forbid_unknown_fields=True):
    values: Annotated[list[_Crumb], Meta(min_length=1, max_length=MOST_ENTRIES)]  # type: ignore[valid-type]


_Modules = Annotated[dict[str, str], Meta(min_length=1)]
_TOP = msgspec.json.Decoder(dict[str, Raw])
_LINES = msgspec.json.Encoder().encode_lines
_READ = {
    "exception": msgspec.json.Decoder(_Exceptions).decode,
    "breadcrumbs": msgspec.json.Decoder(_Crumbs).decode,
    "modules": msgspec.json.Decoder(_Modules).decode,
}


def split(payload: bytes) -> tuple[dict[str, Any], dict[str, Json]] | None:
    """An event's fields as plain values, and apart from them those that are in normal form as they came.

    None where the payload is no JSON object or needs tolerance to be read.
    """
    try:
        fields = _TOP.decode(payload)
        kept = _kept(fields)
        return {name: msgspec.json.decode(value) for name, value in fields.items() if name not in kept}, kept
    except (ValueError, RecursionError):
        return None


def _kept(fields: Mapping[str, Raw]) -> dict[str, Json]:
    """The fields that may stay as they came."""
    if any(name.startswith("sentry.interfaces.") for name in fields):
        return {}  # what goes by an old name may want the place of one of them
    asked = {name: Json(fields[name]) for name in _NORMAL if name in fields}
    if "stacktrace" in fields:
        asked.pop("exception", None)  # a single exception may take the event's own stack
    platform = attributes.known_platform(msgspec.json.decode(fields.get("platform", b"null"))) if asked else ""
    found = ((name, _NORMAL[name](field, platform)) for name, field in asked.items())
    return {name: field for name, field in found if field is not None}


def _read(name: str, field: Json) -> Any:
    if field.find(b"\\u0000") >= 0:  # a character that no store keeps
        return None
    try:
        return _READ[name](field)
    except (ValueError, RecursionError):
        return None


@remembered
def _normal_exception(field: Json, platform: str) -> Json | None:
    """The field in normal form: SDKs leave it to the server to tell which frames are the app's.

    None where that takes the rest of the event, or leaves notes.
    """
    return field if _is_right_exception(field, platform) else _mended_exception(field, platform)


def _mended_exception(field: Json, platform: str) -> Json | None:
    notes = Notes(None, None)
    try:
        value = sound(msgspec.json.decode(field))
    except (ValueError, RecursionError):
        return None
    data: dict[str, Any] = {"exception": exceptions(value, notes, ("exception",)), "platform": platform}
    chain = data["exception"]["values"]
    if notes.meta or notes.errors or not chain or any((one.get("mechanism") or {}).get("meta") for one in chain):
        return None  # what signals are called depends on the system, which stands elsewhere in the event
    mark_frames(data)
    return Json(msgspec.json.encode(data["exception"]))


def _is_right_exception(field: Json, platform: str) -> bool:
    found = _read("exception", field)
    if found is None:
        return False
    stacks = [exception.stacktrace.frames for exception in found.values if exception.stacktrace]
    mechanisms = [exception.mechanism for exception in found.values if exception.mechanism]
    if not all(exception.type for exception in found.values) or not all(map(_is_right_mechanism, mechanisms)):
        return False
    if not all(_are_right_frames(frames, platform) for frames in stacks):
        return False
    bags = [frame.vars for frames in stacks for frame in frames if frame.vars is not None]
    return _fit([*bags, *(mechanism.data for mechanism in mechanisms if mechanism.data is not None)])


def _is_right_mechanism(mechanism: Any) -> bool:
    return mechanism.source is None or is_source(mechanism.source)


def _are_right_frames(frames: Sequence[Any], platform: str) -> bool:
    for frame in frames:
        if not frame.filename or not frame.abs_path or frame.function == "?":
            return False
        if frame.context_line is None and (frame.pre_context or frame.post_context):
            return False
        if (frame.platform or platform) in GUESSING:
            return False
    return True


@remembered
def _right_trail(field: Json, _: str) -> Json | None:
    found = _read("breadcrumbs", field)
    if found is None:
        return None
    if not all(crumb.timestamp is None or is_normal(crumb.timestamp) for crumb in found.values):
        return None
    return field if _fit([crumb.data for crumb in found.values if crumb.data is not None]) else None


@remembered
def _right_modules(field: Json, _: str) -> Json | None:
    """JSON of texts alone is never longer when it is written anew, so its own length is enough to know."""
    return field if len(field) <= MODULES_SIZE and _read("modules", field) is not None else None


def _fit(bags: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every bag has at most the size of a small one, written in one go, a line each."""
    try:
        return max(map(len, _LINES(bags).split(b"\n"))) <= SIZE
    except (ValueError, OverflowError):  # a number beyond 64 bits
        return False


_NORMAL: dict[str, Callable[[Json, str], Json | None]] = {
    "exception": _normal_exception,
    "breadcrumbs": _right_trail,
    "modules": _right_modules,
}
