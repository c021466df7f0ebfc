"""How long a text may be that is part of a key."""

MAX_KEY_TEXT = 200  # PostgreSQL's index rows end at 2,700 bytes, and a facet's row holds two such texts


def bounded(text: str) -> str:
    """The text, cut where it would not fit into an index."""
    return text[:MAX_KEY_TEXT]
