"""Ed25519 keys (RFC 8032): the private one as a PEM file, the public one as `ed25519:<base64>` in one word."""

import base64
import binascii
import os
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from amber.errors import ConfigError

PREFIX = "ed25519:"


def write_private(path: Path) -> Ed25519PrivateKey:
    """Make a key and write it into a new file that only its owner may read. Raises ConfigError."""
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path} exists already; a key is never overwritten") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    return key


def read_private(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file. Raises ConfigError."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise ConfigError(f"{path} holds no private key that can be read; `amber market keygen` makes one") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path} holds a key of another kind; `amber market keygen` makes Ed25519 ones")
    return key


def read_public(text: str) -> Ed25519PublicKey:
    """The public key that a word of `amber.toml` or a command line stands for. Raises ConfigError."""
    try:
        raw = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        if not text.startswith(PREFIX) or len(raw) != 32:
            raise ValueError(text)
        return Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, binascii.Error):
        raise ConfigError(f"{text[:100]!r} is not a public key: one looks like {PREFIX}<44 characters>") from None


def public_text(key: Ed25519PublicKey) -> str:
    """A public key as one word."""
    return PREFIX + base64.b64encode(key.public_bytes_raw()).decode()


def key_id(key: Ed25519PublicKey) -> str:
    """A short name of a public key, by which a signature says whose it is."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]
