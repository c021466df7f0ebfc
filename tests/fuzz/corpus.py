"""The kept inputs: one folder for each decoder, one small file for each input."""

from pathlib import Path

from .decoders import Decoder

FOLDER = Path(__file__).parents[1] / "corpus"


def corpus_of(decoder: Decoder) -> dict[str, bytes]:
    """The inputs of a decoder by the names of their files."""
    folder = FOLDER / decoder.name
    kept = sorted(folder.iterdir()) if folder.is_dir() else []
    return {file.name: file.read_bytes() for file in kept}


def seeds_of(decoder: Decoder) -> list[bytes]:
    """What mutations begin with."""
    return [*corpus_of(decoder).values(), *decoder.seeds()]
