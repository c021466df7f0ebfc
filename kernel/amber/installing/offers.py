"""From what somebody asks for to an offer: the wheel fetched, read and held against what is installed."""

import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from amber.errors import Reject
from amber.hosting.logins import inside
from amber.installing import pip, site
from amber.installing.wheels import Contents, read_wheel
from amber.model import DAY, Offer, OfferedPlugin
from amber.plugin.manifest import API, Manifest

HASH = re.compile(r"[0-9a-f]{64}")


def examine(source: "str | Path", cellar: Path, sha256: str = "") -> Offer:
    """What a wheel, a project's folder or a requirement for pip offers; nothing of it is imported or installed.

    The wheel is kept in `cellar`. With `sha256` it must be that very file. Raises Reject with the reason.
    """
    try:
        _sweep(cellar)
        with tempfile.TemporaryDirectory(dir=cellar, prefix=".") as folder:
            wheel = _wheel(str(source), Path(folder))
            contents = read_wheel(wheel)
            if sha256 and contents.sha256 != sha256.lower():
                raise Reject(f"{wheel.name} is not what was offered: its hash is {contents.sha256}", status=409)
            _refuse_unfit(contents)
            kept = cellar / contents.sha256 / wheel.name
            kept.parent.mkdir(exist_ok=True)
            shutil.copyfile(wheel, kept)
        return _held_against(_offer(str(source), kept, contents), site.installed())
    except OSError as error:
        raise Reject(f"{source} cannot be looked at: {error.strerror}", status=507) from error


def _sweep(cellar: Path) -> None:
    """Make the cellar, and drop wheels in it that nobody has installed for a day."""
    cellar.mkdir(parents=True, exist_ok=True)
    for one in cellar.iterdir():
        if HASH.fullmatch(one.name) and time.time() - one.stat().st_mtime > DAY:
            shutil.rmtree(one, ignore_errors=True)


def read(source: "str | Path", folder: Path) -> Offer:
    """What a wheel or a project's folder holds, whether or not it could be installed here; the wheel is put into
    `folder`. Raises Reject.
    """
    wheel = _wheel(str(source), folder)
    return _offer(str(source), wheel, read_wheel(wheel))


def _wheel(source: str, folder: Path) -> Path:
    path = Path(source)
    if path.is_dir():
        if not (path / "pyproject.toml").is_file():
            raise Reject(f"{source} is no project: it holds no pyproject.toml")
        return pip.build(path.resolve(), folder)  # pip takes a bare word for a name
    if path.is_file():
        return Path(shutil.copyfile(path, folder / path.name))
    if path.suffix == ".whl" or len(path.parts) > 1:
        raise Reject(f"there is no file {source}", status=404)
    return _from_index(source, folder)


def _from_index(source: str, folder: Path) -> Path:
    try:
        wanted = canonicalize_name(Requirement(source).name)
    except InvalidRequirement:
        raise Reject(f"{source!r} is neither a file, nor a folder, nor a name that pip knows") from None
    there = site.installed()
    for item in pip.resolve(source, site.constraints(there, wanted)):
        if canonicalize_name(item["metadata"]["name"]) == wanted:
            return pip.fetch(_pin(item), folder)
    raise Reject(f"{source} {there[wanted].version} is installed, and there is none newer that fits", status=409)


def _pin(item: Mapping[str, Any]) -> str:
    """An entry of pip's report as a line that allows that very file and no other."""
    about = item["download_info"]
    hashes = about.get("archive_info", {}).get("hashes", {})
    if "sha256" not in hashes:
        raise Reject(f"{item['metadata']['name']} comes without a hash, so nobody can tell what it is", status=409)
    return f"{item['metadata']['name']} @ {about['url']} --hash=sha256:{hashes['sha256']}"


def _refuse_unfit(contents: Contents) -> None:
    """Raise Reject for what could not run here, or whose plugins' names are taken."""
    name = f"{contents.distribution} {contents.version}"
    for manifest in contents.manifests:
        if manifest.api != API:
            raise Reject(f"{name} cannot run here: it speaks plugin API {manifest.api}, this Amber speaks {API}")
        owner = site.owners().get(manifest.name, canonicalize_name(contents.distribution))
        if owner != canonicalize_name(contents.distribution):
            raise Reject(f"there is a plugin {manifest.name} already, of {owner}: remove that first", status=409)
    python = ".".join(map(str, sys.version_info[:3]))
    try:
        is_fit = SpecifierSet(contents.requires_python).contains(python)
    except InvalidSpecifier as error:
        raise Reject(f"{name} cannot be installed: {error}") from None
    if not is_fit:
        raise Reject(f"{name} needs Python {contents.requires_python}, this is {python}")
    _refuse_clashes(contents)


def _refuse_clashes(contents: Contents) -> None:
    """Raise Reject where what is installed would not fit any more: nothing that is there is ever changed."""
    name, there = f"{contents.distribution} {contents.version}", site.installed()
    for need in site.missing(there, contents.requires):
        if (one := there.get(canonicalize_name(need.name))) is not None:
            raise Reject(
                f"{name} needs {need}, and {one.name} {one.version} is installed: a running Amber stands on it, so"
                " nothing was changed; stop Amber and let pip change it if that is what you want",
                status=409,
            )
    broken = site.broken_by(there, canonicalize_name(contents.distribution), contents.version)
    if broken:
        raise Reject(f"{name} would break what is installed: {'; '.join(broken)}", status=409)


def _offer(source: str, wheel: Path, contents: Contents) -> Offer:
    return Offer(
        source=source,
        distribution=contents.distribution,
        version=contents.version,
        wheel=wheel,
        sha256=contents.sha256,
        plugins=tuple(map(_plugin, contents.manifests)),
        requires=contents.requires,
        requires_python=contents.requires_python,
    )


def _held_against(offer: Offer, there: Mapping[str, Distribution]) -> Offer:
    """The offer with what it would change here, and what pip would be given."""
    own = canonicalize_name(offer.distribution)
    found = pip.resolve(str(offer.wheel), site.constraints(there, own))
    others = [item for item in found if canonicalize_name(item["metadata"]["name"]) != own]
    itself = f"{offer.distribution} @ {offer.wheel.resolve().as_uri()} --hash=sha256:{offer.sha256}"
    return replace(
        offer,
        plugins=tuple(map(_with_news, offer.plugins)),
        installed=there[own].version if own in there else "",
        brings=tuple(f"{item['metadata']['name']} {item['metadata']['version']}" for item in others),
        pins=(itself, *map(_pin, others)),
    )


def _with_news(plugin: OfferedPlugin) -> OfferedPlugin:
    before = site.manifest_of(plugin.name)
    had = _rights(before) if before is not None else {}
    new = {kind: tuple(one for one in words if one not in had.get(kind, ())) for kind, words in plugin.rights.items()}
    return replace(plugin, new_rights={kind: words for kind, words in new.items() if words})


def _plugin(manifest: Manifest) -> OfferedPlugin:
    return OfferedPlugin(
        name=manifest.name,
        title=manifest.title,
        summary=manifest.summary,
        families=manifest.families,
        api=manifest.api,
        stability=manifest.stability,
        rights=_rights(manifest),
        new_rights={},
        hooks=manifest.hooks,
        inside=inside(manifest),
    )


def _rights(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """What a manifest asks for, without what it does not ask for."""
    listed: dict[str, list[str]] = msgspec.to_builtins(manifest.rights)
    return {kind: tuple(words) for kind, words in listed.items() if words}
