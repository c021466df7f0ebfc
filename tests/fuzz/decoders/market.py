"""What publishers of plugins write: signed files, indexes, public keys, and reports of the contract suite."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amber.errors import ConfigError, Reject
from amber_market.index.envelope import is_sealed, signed, verified
from amber_market.index.finding import found, newest
from amber_market.index.keys import public_text, read_public
from amber_market.index.rights import in_words
from amber_market.index.shape import decode_index, encode_index
from amber_market.index.tiers import read_tiers

from .decoder import Decoder, Run, text_of

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PAYLOAD = b'{"name":"plugins"}'


def decoders() -> list[Decoder]:
    """Each by what it reads."""
    return [
        Decoder("market_file", _file, (Reject,), seeds=lambda: [signed(PAYLOAD, [KEY])]),
        Decoder("market_index", lambda: _index, (Reject,)),
        Decoder("market_key", lambda: _key, (ConfigError,)),
        Decoder("market_report", _report, (ConfigError,)),
    ]


def _file() -> Run:
    own = signed(PAYLOAD, [KEY])

    def run(data: bytes) -> object:
        sealed, payload = is_sealed(data), verified(data, KEY.public_key())
        assert sealed
        assert data == own, "something is believed that nobody signed"
        return payload

    return run


def _index(data: bytes) -> object:
    index = decode_index(data)
    assert decode_index(encode_index(index)) == index
    releases = [newest(entry.versions, "0.1.0", "3.11.2") for entry in index.entries]
    words = [in_words(release.rights) for release in releases if release is not None]
    return found(index.entries, "a"), words


def _key(data: bytes) -> object:
    key = read_public(text_of(data))
    assert read_public(public_text(key)) == key
    return public_text(key)


@contextmanager
def _report() -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="amber-fuzz-") as folder:
        file = Path(folder) / "report.json"

        def run(data: bytes) -> object:
            file.write_bytes(data)
            return sorted(read_tiers(file).items())

        yield run
