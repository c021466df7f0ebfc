"""`amber market keygen | build | sign | verify`: making an index, which needs no running Amber."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from msgspec.structs import replace

from amber import Context
from amber.errors import Reject
from amber.model import Offer
from amber_market.index.building import WHEELS, entries_of, keep_pictures
from amber_market.index.envelope import signed, verified
from amber_market.index.keys import key_id, public_text, read_private, read_public, write_private
from amber_market.index.shape import LARGEST_WHEEL, Index, Screenshot, decode_index, encode_index
from amber_market.index.tiers import read_tiers
from amber_market.market.fetching import is_address
from amber_market.market.shelves import said_time

UNSIGNED, INDEX = "index.unsigned.json", "index.json"
EXISTING = click.Path(exists=True, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def keygen(file: Path) -> None:
    """Make a key, write it into FILE, and print the public one that readers of your index need."""
    click.echo(public_text(write_private(file).public_key()))


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("sources", nargs=-1, required=True, type=EXISTING)
@click.option("--name", required=True, help="What the index is called; readers name it so in amber.toml.")
@click.option("--title", default="", help="What people read instead.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3650), help="How long it is believed.")
@click.option("--edition", type=click.IntRange(1), help="Its version, higher than any before; the time if not given.")
@click.option("--contract-report", "report", type=FILE, help="What the contract suite found: its tiers are listed.")
@click.pass_obj
def build(ctx: Context[Any], /, folder: Path, sources: Sequence[Path], report: Path | None, **about: Any) -> None:
    """Put wheels, and those of plugins' folders, into FOLDER with an index of them that is still to be signed."""
    offers, pictures = asyncio.run(_gather(ctx, folder, sources))
    issued = datetime.fromtimestamp(int(ctx.now()), UTC)
    index = Index(
        name=about["name"],
        version=about["edition"] or int(ctx.now()),
        issued=issued,
        expires=issued + timedelta(days=about["days"]),
        entries=entries_of(offers, read_tiers(report) if report is not None else {}, pictures),
        title=about["title"],
    )
    payload = encode_index(index)
    decode_index(payload)  # what readers would refuse is never written
    (folder / UNSIGNED).write_bytes(payload)
    plugins, wheels = _counted(len(index.entries), "plugin"), _counted(len(offers), "wheel")
    click.echo(f"{folder / UNSIGNED} lists {plugins} in {wheels}. Sign it:\n")
    click.echo(f"  amber market sign {folder / UNSIGNED} --key <key> --output {folder / INDEX}")


async def _gather(
    ctx: Context[Any], folder: Path, sources: Sequence[Path]
) -> tuple[list[Offer], dict[str, tuple[Screenshot, ...]]]:
    installer, wheels = ctx.kernel("installer"), folder / WHEELS
    wheels.mkdir(parents=True, exist_ok=True)
    offers: list[Offer] = []
    pictures: dict[str, tuple[Screenshot, ...]] = {}
    for source in sources:
        with TemporaryDirectory(dir=wheels, prefix=".") as place:  # pip puts a wheel beside those that are there
            offer: Offer = await installer.read(source, Path(place))
            offers.append(replace(offer, wheel=offer.wheel.replace(wheels / offer.wheel.name)))
        if source.is_dir():
            pictures |= keep_pictures(source, [plugin.name for plugin in offer.plugins], folder)
    return offers, pictures


@click.command()
@click.argument("file", type=FILE)
@click.option("--key", "keys", multiple=True, required=True, type=FILE, help="Private key; two while one is replaced.")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The signed file.")
def sign(file: Path, keys: Sequence[Path], output: Path) -> None:
    """Sign the index in FILE."""
    payload = file.read_bytes()
    index = decode_index(payload)
    private = [read_private(key) for key in keys]
    draft = output.with_name(f".{output.name}.part")  # readers find the one before or this one, never half of it
    draft.write_bytes(signed(payload, private))
    draft.replace(output)
    names = ", ".join(key_id(key.public_key()) for key in private)
    click.echo(f"{output}: {described(index)}; signed by {names}.")


@click.command()
@click.argument("file", type=FILE)
@click.option("--key", required=True, help="Its publisher's public key, ed25519:….")
@click.pass_obj
def verify(ctx: Context[Any], /, file: Path, key: str) -> None:
    """Check the index in FILE: its signature, its age, and each file beside it that it names."""
    index = decode_index(verified(file.read_bytes(), read_public(key)))
    if ctx.now() >= index.expires.timestamp():
        raise Reject(f"the index {index.name} expired {said_time(index.expires)}")
    checked = sum(_is_beside(file.parent, place, digest) for place, digest in sorted(_files(index)))
    click.echo(f"{file}: {described(index)}. What it names is beside it: {_counted(checked, 'file')}.")


def _files(index: Index) -> set[tuple[str, str]]:
    wheels = {(release.wheel, release.sha256) for entry in index.entries for release in entry.versions}
    return wheels | {(picture.url, picture.sha256) for entry in index.entries for picture in entry.screenshots}


def _is_beside(folder: Path, place: str, digest: str) -> bool:
    """Whether this file is one beside the index, and the right one. Raises Reject if it is another or missing."""
    if is_address(place):
        return False
    try:
        with (folder / place).open("rb") as file:
            found = sha256(file.read(LARGEST_WHEEL)).hexdigest()
    except OSError as error:
        raise Reject(f"{folder / place} cannot be read: {error.strerror}") from None
    if found != digest:
        raise Reject(f"{folder / place} was swapped: its hash is {found}, and the index says {digest}")
    return True


def described(index: Index) -> str:
    """An index in half a sentence."""
    plugins = _counted(len(index.entries), "plugin")
    return f"{index.name}, version {index.version}, {plugins}, believed until {said_time(index.expires)}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


MAKING = (keygen, build, sign, verify)
