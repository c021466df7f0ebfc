"""How passwords are hashed, checked and made up."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits nobody takes for one another."""

NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$rcAVWASEuHJmWGo6vnqckQ$ilPftVvlHoISJ2IRs95DGlptFjz1lU9PrYHshZOXuuY"
"""The hash of nothing anybody has: checking it costs what checking a real one does."""


def _hasher() -> PasswordHasher:
    # OWASP's smallest argon2id setting: 19 MiB and 25 ms, so that many logins at once take neither memory nor cores.
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """The hash to keep of a password, with its settings and salt inside."""
    return _hasher().hash(password.encode("utf-8", "surrogatepass"))


def is_right(password: str, password_hash: str) -> bool:
    """Whether this is the password; with an empty hash (a stranger) it never is, after the same work."""
    try:
        return _hasher().verify(password_hash or NOBODY, password.encode("utf-8", "surrogatepass")) and bool(
            password_hash
        )
    except (VerificationError, InvalidHashError):
        return False


def new_password() -> str:
    """A password of 20 characters that is easy to type over, with 89 random bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(6)) for _ in range(3))
