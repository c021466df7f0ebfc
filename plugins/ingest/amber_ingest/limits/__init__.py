"""Rate limits at the edge: so many items a minute from one key and to one project."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from amber import Context, hookimpl
from amber.model import ItemNote, Principal, Project, Verdict
from amber_ingest.limits.buckets import Buckets

Scope = Literal["key", "project"]
SETTING = "rate_limit_per_minute"
"""The project setting that replaces `per_project` for one project."""
FREE = frozenset({"internal"})
"""Categories that are never limited: what an SDK says about itself."""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """How much is taken in a minute; 0 sets no limit. Each edge process counts for itself."""

    per_key: Annotated[int, Meta(ge=0, description="Items a minute from one key; 0: no limit")] = 0
    per_project: Annotated[int, Meta(ge=0, description="Items a minute to one project; 0: no limit")] = 0


@hookimpl
def admit_items(
    items: Sequence[ItemNote], principal: Principal, project: Project, ctx: Context[Config]
) -> Mapping[int, Verdict]:
    """Refuse what is over a limit."""
    buckets = ctx.keep("buckets", Buckets)
    limits: tuple[tuple[Scope, str, int], ...] = (
        ("key", f"key:{principal.id}", ctx.config.per_key),
        ("project", f"project:{project.id}", _of_project(project, ctx.config.per_project)),
    )
    refused: dict[int, Verdict] = {}
    for scope, name, per_minute in limits:
        for position, item in enumerate(items):
            if per_minute and position not in refused and item.category not in FREE:
                wait = buckets.take(name, per_minute, item.quantity, ctx.now())
                if wait:
                    refused[position] = Verdict("rate_limited", f"{scope}_limit", wait, scope)
    return refused


def _of_project(project: Project, otherwise: int) -> int:
    own = project.settings.get(SETTING)
    return own if isinstance(own, int) and not isinstance(own, bool) and own >= 0 else otherwise
