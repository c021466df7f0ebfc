"""What an index says. Fields are only ever added; unknown ones are passed over."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from amber.errors import Reject

FORMAT = 1
"""The format this package reads and writes; a higher one changes what is here already."""
LARGEST_WHEEL = 64 << 20
LARGEST_SCREENSHOT = 1 << 20

Name = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,39}\Z")]
IndexName = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,39}\Z")]
Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Line = Annotated[str, Meta(max_length=200)]
Lines = Annotated[tuple[Line, ...], Meta(max_length=100)]
Address = Annotated[str, Meta(min_length=1, max_length=2000)]
Moment = Annotated[datetime, Meta(tz=True)]
Rights = Mapping[Name, Lines]


class Tier(Struct, frozen=True):
    """What the contract suite made of a release: bronze, silver or gold, and why; empty where nobody tried."""

    name: Line = ""
    reasons: Lines = ()


class Screenshot(Struct, frozen=True):
    """A picture of the plugin at work. `url` may be relative to the index."""

    url: Address
    sha256: Digest
    caption: Line = ""


class Release(Struct, frozen=True):
    """One version of a plugin. `wheel` may be relative to the index; `amber` and `python` are version specifiers;
    `inside` is what keeps it from a process of its own.
    """

    version: Line
    wheel: Address
    sha256: Digest
    size: Annotated[int, Meta(ge=1, le=LARGEST_WHEEL)]
    api: Annotated[int, Meta(ge=0)]
    amber: Line = ""
    python: Line = ""
    requires: Lines = ()
    stability: Line = ""
    rights: Rights = {}
    tier: Tier = Tier()
    inside: Lines = ()

    @property
    def filename(self) -> str:
        """The wheel's file name, which pip reads name, version and platform from."""
        return self.wheel.partition("?")[0].rpartition("/")[2]


class Entry(Struct, frozen=True):
    """A plugin, its releases from the newest to the oldest. Plugins of one distribution share their wheels."""

    name: Name
    title: Annotated[str, Meta(min_length=1, max_length=80)]
    summary: Annotated[str, Meta(max_length=400)]
    families: Lines
    distribution: Line
    versions: Annotated[tuple[Release, ...], Meta(min_length=1, max_length=1000)]
    screenshots: Annotated[tuple[Screenshot, ...], Meta(max_length=10)] = ()


class Index(Struct, frozen=True):
    """A list of plugins at a moment. `version` rises with each edition; after `expires` it is believed no more."""

    name: IndexName
    version: Annotated[int, Meta(ge=1, lt=1 << 53)]
    issued: Moment
    expires: Moment
    entries: Annotated[tuple[Entry, ...], Meta(max_length=10_000)]
    title: Line = ""
    format: Annotated[int, Meta(ge=1)] = FORMAT


class _Format(Struct, frozen=True):
    format: int = FORMAT


def encode_index(index: Index) -> bytes:
    """The bytes that are signed, for people to read as well."""
    return msgspec.json.format(msgspec.json.encode(index), indent=1) + b"\n"


def decode_index(payload: bytes) -> Index:
    """The index these bytes are. Raises Reject with what is wrong with them."""
    try:
        if (found := msgspec.json.decode(payload, type=_Format).format) > FORMAT:
            raise Reject(f"the index is of format {found}, and this Amber reads {FORMAT}: upgrade amber-market")
        index = msgspec.json.decode(payload, type=Index)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Reject(f"this is no index of plugins: {error}") from None
    for wrong in _contradictions(index):
        raise Reject(f"the index {index.name} contradicts itself: {wrong}")
    return index


def _contradictions(index: Index) -> Iterator[str]:
    if index.expires <= index.issued:
        yield "it ends before it begins"
    for name, count in Counter(entry.name for entry in index.entries).items():
        if count > 1:
            yield f"it lists {name} twice"
    for entry in index.entries:
        for release in entry.versions:
            if not _is_named_rightly(entry, release):
                yield f"{release.wheel[:200]!r} is no wheel of {entry.distribution} {release.version}"
        if len({release.version for release in entry.versions}) != len(entry.versions):
            yield f"it lists a version of {entry.name} twice"


def _is_named_rightly(entry: Entry, release: Release) -> bool:
    try:
        name, version, _, _ = parse_wheel_filename(release.filename)
        return name == canonicalize_name(entry.distribution) and version == Version(release.version)
    except (InvalidWheelFilename, InvalidVersion):
        return False
