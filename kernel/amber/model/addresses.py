"""Where clients find Amber."""

from urllib.parse import urlsplit


def dsn(public_url: str, public_key: str, project: int) -> str:
    """What an SDK is pointed at: the public URL with the key and the project's id in it."""
    parts = urlsplit(public_url)
    return f"{parts.scheme}://{public_key}@{parts.netloc}{parts.path.rstrip('/')}/{project}"
