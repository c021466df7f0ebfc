"""The names of what one may do, and which of them a wider one holds."""

from collections.abc import Iterable
from typing import Literal, get_args

Scope = Literal["project:read", "project:triage", "project:write", "project:admin", "org:admin", "admin"]
"""What a person or a token may do, from narrow to wide: each holds every one before it."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
PUBLIC = "public"
"""The action anybody may do."""
INGEST = "event:write"
"""The only thing a project key may do; no other scope holds it."""


def reach(scopes: Iterable[str]) -> frozenset[str]:
    """These scopes with every narrower one they hold; unknown names hold nothing."""
    held = set(scopes)
    ranks = [rank for rank, scope in enumerate(SCOPES) if scope in held]
    return frozenset(SCOPES[: max(ranks, default=-1) + 1])
