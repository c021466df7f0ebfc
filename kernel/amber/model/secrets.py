"""How the secret of an API token is made and found again."""

import hashlib
import secrets

TOKEN_PREFIX = "amb_"  # noqa: S105 - what every token starts with, so that scanners of leaked secrets can know it


def new_token() -> tuple[str, bytes]:
    """A new token's secret, shown once, and the digest it is kept and found under."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    return secret, token_digest(secret)


def token_digest(secret: str) -> bytes:
    """The 32 bytes a token is kept under; a fast hash is right, because the secret holds 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
