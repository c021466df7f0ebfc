"""Limits at the edge: so many items in a while from one key or to one project, and no more than so many a day."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from amber import Context, hookimpl
from amber.model import DAY, Admission, ItemNote, Limit, Principal, Project, UiPage
from amber_ingest.limits.gate import Gate
from amber_ingest.limits.known import Known


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for projects that name no limits of their own; 0 sets no limit. Each edge process counts for itself.

    What all edges took towards a cap is read from the counts every few seconds, so a restart forgives nothing.
    """

    per_key: Annotated[int, Meta(ge=0, description="Items a minute from one key; 0: no limit")] = 0
    per_project: Annotated[int, Meta(ge=0, description="Items a minute to one project; 0: no limit")] = 0
    cap_per_day: Annotated[int, Meta(ge=0, description="Items a day (UTC) to one project; 0: no cap")] = 0


@hookimpl
def admit_items(items: Sequence[ItemNote], principal: Principal, project: Project, ctx: Context[Config]) -> Admission:
    """Refuse what is over a limit; tell which limits are in force and what is left of the nearest."""
    return _gate(ctx).admit(items, principal.id, project, ctx.now())


@hookimpl
def ui_pages(ctx: Context[Config]) -> Sequence[UiPage]:
    """Each project's limits, for all to see and its admins to change."""
    from amber_ingest.limits.page import show  # neither the edge's way of an event nor a worker draws pages

    return [UiPage("limits", "Limits", show, place="project", change="project:admin", icon="usage")]


@hookimpl
def plugin_stop(ctx: Context[Config]) -> None:
    """Let the thread end that reads the counts."""
    _gate(ctx).close()


def configured(config: Config) -> tuple[Limit, ...]:
    """The limits that hold where a project names none: those of its organisation, or of `amber.toml`."""
    every = (
        Limit(config.per_key, scope="key"),
        Limit(config.per_project),
        Limit(config.cap_per_day, DAY, "cap"),
    )
    return tuple(limit for limit in every if limit.count)


def _gate(ctx: Context[Config]) -> Gate:
    return ctx.keep("gate", lambda: Gate(ctx.settings, configured, Known(lambda: ctx.role("issue_store"), ctx.log)))
