"""How much is kept: what `amber.toml` says, and what a project's settings say instead."""

from typing import Annotated

from msgspec import Meta, Struct

from amber.model import Project

DAYS, EVENTS = "retention_days", "retention_events"
"""The project settings that replace `days` and `events` for one project."""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of each project. A project's settings `retention_days` and `retention_events` go before these."""

    days: Annotated[int, Meta(ge=0, le=36500, description="Days that events are kept; 0: for good")] = 90
    events: Annotated[int, Meta(ge=0, description="Events that are kept of a project; 0: any number")] = 1_000_000
    figures_days: Annotated[
        int, Meta(ge=0, le=36500, description="Days that counts by the hour are kept; 0: for good")
    ] = 90
    every: Annotated[float, Meta(ge=1, description="Seconds between two rounds")] = 600.0


class Limits(Struct, frozen=True):
    """What is kept of one project; 0 is no limit."""

    days: int
    events: int


def limits_of(project: Project, config: Config) -> Limits:
    """What is kept of this project; a setting that is no whole number counts as not set."""
    return Limits(_number(project, DAYS, config.days), _number(project, EVENTS, config.events))


def _number(project: Project, name: str, otherwise: int) -> int:
    own = project.settings.get(name)
    return own if isinstance(own, int) and not isinstance(own, bool) and own >= 0 else otherwise
