"""Seals the secrets that are kept in the database, so that a copy of it gives nothing away."""

import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from amber.errors import ConfigError, Reject

FILE = "secrets.key"


class Vault:
    """Seals with the newest key and opens with any. A sealed value is `{"sealed": "<token>"}` in JSON."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]
        try:
            self._fernets = [Fernet(key) for key in keys]
            self._all = MultiFernet(self._fernets)
        except ValueError:
            raise ConfigError(
                "a key of [secrets] keys cannot be used: `amber secrets new-key` prints one that can"
            ) from None

    def seal(self, text: str) -> dict[str, str]:
        """The sealed form of a text."""
        return {"sealed": self._all.encrypt(text.encode()).decode()}

    def open(self, value: Mapping[str, Any]) -> str:
        """The text of a sealed value. Raises Reject when none of the keys opens it."""
        try:
            return self._all.decrypt(str(value["sealed"])).decode()
        except (InvalidToken, ValueError):
            raise Reject(
                "a secret cannot be opened: it was sealed with a key that is neither in [secrets] keys nor in the data"
                " folder; give the key back or enter the secret again"
            ) from None

    def sign(self, text: str) -> str:
        """32 hex digits that nobody finds for a text who has not the newest key."""
        return _digits(self._keys[0], text)

    def is_signed(self, text: str, digits: str) -> bool:
        """Whether one of the keys gives a text these digits; found in a time that tells nothing of them."""
        given = digits.encode(errors="replace")
        return any([hmac.compare_digest(_digits(key, text).encode(), given) for key in self._keys])

    def needs_rotation(self, value: Mapping[str, Any]) -> bool:
        """Whether the value was sealed with another key than the newest."""
        try:
            self._fernets[0].decrypt(str(value["sealed"]))
        except (InvalidToken, ValueError):
            return True
        return False


def _digits(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), "sha256").hexdigest()[:32]


def is_sealed(value: object) -> bool:
    """Whether a setting is a sealed secret."""
    return isinstance(value, Mapping) and set(value) == {"sealed"}


def new_key() -> str:
    """A key for `[secrets] keys`."""
    return Fernet.generate_key().decode()


def open_vault(named: Sequence[str], data: Path) -> Vault:
    """A vault with the keys that the configuration names, else with those in the data folder, one a line, the newest
    first; the first process that needs a key makes it.
    """
    return Vault(named or _kept(data / FILE))


def _kept(file: Path) -> list[str]:
    if not file.exists():
        _make(file)
    try:
        return file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from None


def _make(file: Path) -> None:
    """Make the file with a new key. It appears whole or not at all; of two processes, one makes it."""
    draft = file.with_name(f"{FILE}.{secrets.token_hex(8)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(f"{new_key()}\n")
            out.flush()
            os.fsync(descriptor)
        try:
            os.link(draft, file)
        except FileExistsError:
            return  # another process was faster, and its key is the one that holds
        finally:
            draft.unlink()
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror or error}") from None
