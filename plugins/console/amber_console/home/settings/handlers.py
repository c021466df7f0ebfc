"""Every route of the settings pages."""

from litestar import Router

from amber_console.home.settings import (
    audit,
    invitations,
    letter,
    letters,
    notifications,
    organisation,
    people,
    plugin_settings,
    plugins,
    profile,
    project,
    projects,
    target,
    teams,
    tokens,
    usage,
)
from amber_console.home.settings.asked import DEPENDENCIES

MODULES = (
    projects,
    project,
    notifications,
    target,
    people,
    invitations,
    teams,
    profile,
    tokens,
    plugins,
    plugin_settings,
    audit,
    letters,
    letter,
    organisation,
    usage,
)
HANDLERS = (
    Router(
        path="/",
        route_handlers=[handler for module in MODULES for handler in module.HANDLERS],
        dependencies=DEPENDENCIES,
    ),
)
