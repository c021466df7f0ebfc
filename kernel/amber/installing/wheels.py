"""Reads a wheel as the file it is: its metadata and the manifests of its plugins, with nothing imported."""

import hashlib
import io
import zipfile
import zlib
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path, PurePosixPath

from msgspec import Struct
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from amber.errors import ConfigError, Reject
from amber.plugin.manifest import Manifest, parse_manifest

GROUP = "amber.plugins"
BROKEN = (InvalidWheelFilename, zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError)
"""What reading a file as a wheel may raise: it is torn, packed in a way nobody uses, or none at all."""
LARGEST = 1 << 20
"""Bytes of a file that is read out of a wheel; no honest manifest comes near it."""


class Contents(Struct, frozen=True):
    """What a wheel says of itself."""

    distribution: str
    version: str
    sha256: str
    requires: tuple[str, ...]
    requires_python: str
    manifests: tuple[Manifest, ...]


def read_wheel(path: Path) -> Contents:
    """What is in this wheel. Raises Reject: it is none, or holds no plugin, or one whose manifest is no good."""
    try:
        parse_wheel_filename(path.name)
        data = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _contents(archive, hashlib.sha256(data).hexdigest())
    except ConfigError as error:
        raise Reject(f"{path.name} cannot be installed: {error}") from None
    except BROKEN as error:
        raise Reject(f"{path.name} is not a wheel: {error}") from None


def _contents(archive: zipfile.ZipFile, sha256: str) -> Contents:
    for name in archive.namelist():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise zipfile.BadZipFile(f"{name} would land outside of where it is installed")
    if (torn := archive.testzip()) is not None:
        raise zipfile.BadZipFile(f"{torn} in it is damaged")
    found = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
    if not found:
        raise zipfile.BadZipFile("it has no .dist-info/METADATA")
    info = found[0].removesuffix("METADATA")
    for name in (f"{info}METADATA", f"{info}entry_points.txt"):
        read_member(archive, name)  # the standard library reads all of them, however large
    wheel = PathDistribution(zipfile.Path(archive, info))
    entries = [entry for entry in wheel.entry_points if entry.group == GROUP]
    if not entries:
        raise Reject(f"{wheel.name} holds no plugin: it has no entry point in the group {GROUP}")
    manifests = tuple(_manifest(archive, entry) for entry in entries)
    requires = tuple(wheel.requires or ())
    python = "".join(wheel.metadata.get_all("Requires-Python") or ())
    return Contents(wheel.name, wheel.version, sha256, requires, python, manifests)


def _manifest(archive: zipfile.ZipFile, entry: EntryPoint) -> Manifest:
    place = str(PurePosixPath(*entry.module.split("."), "plugin.toml"))
    data = read_member(archive, place)
    if data is None:
        raise Reject(f"plugin {entry.name} has no manifest: {place} is not in the wheel")
    return parse_manifest(data, entry.name, place)


def read_member(archive: zipfile.ZipFile, name: str) -> bytes | None:
    """A file of an archive, None where there is none. Raises Reject for one that is too large to be honest."""
    try:
        with archive.open(name) as file:
            data = file.read(LARGEST + 1)
    except KeyError:
        return None
    if len(data) > LARGEST:
        raise Reject(f"{name} in the wheel has more than {LARGEST >> 20} MB")
    return data
