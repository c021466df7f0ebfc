"""The names of what one may do, and which of them a wider one holds."""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from amber.model.people import Role

Scope = Literal["project:read", "project:triage", "project:write", "project:admin", "org:admin", "org:owner", "admin"]
"""What a person or a token may do, from narrow to wide: each holds every one before it.

`org:admin` manages projects, people and tokens of an organisation, `org:owner` its admins and owners as well; `admin`
looks after the whole installation.
"""
GRANTS: Mapping[Role, Scope] = {"owner": "org:owner", "admin": "org:admin", "member": "project:triage"}
"""What each role may do; a superuser holds `admin` besides."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
"""Every scope there is."""
PUBLIC = "public"
"""The action anybody may do."""
INGEST = "event:write"
"""The only thing a project key may do; no other scope holds it."""


def reach(scopes: Iterable[str]) -> frozenset[str]:
    """These scopes with every narrower one they hold; unknown names hold nothing."""
    held = set(scopes)
    ranks = [rank for rank, scope in enumerate(SCOPES) if scope in held]
    return frozenset(SCOPES[: max(ranks, default=-1) + 1])
