"""Texts that are never shown, and how the secret of an API token is made and found again."""

TOKEN_PREFIX = "amb_"  # noqa: S105 - no secret itself
"""What every token starts with, so that scanners of leaked secrets can know it."""


class Secret(str):
    """A text that is never shown: its repr is `***`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


def new_token() -> tuple[str, bytes]:
    """A new token's secret, shown once, and the digest it is kept and found under."""
    import secrets  # with OpenSSL and all, which `import amber` need not wait for

    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    return secret, token_digest(secret)


def token_digest(secret: str) -> bytes:
    """The 32 bytes a token is kept under; a fast hash is right, because the secret holds 256 random bits."""
    import hashlib  # as above

    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
