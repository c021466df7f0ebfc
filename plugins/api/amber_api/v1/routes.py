"""All routes of the API, in the order its documentation shows them."""

from litestar.handlers import HTTPRouteHandler

from amber_api.v1 import (
    attachments,
    audit,
    events,
    feedback,
    grouping,
    issues,
    keys,
    organisations,
    outcomes,
    plugins,
    projects,
    tokens,
)

HANDLERS: tuple[HTTPRouteHandler, ...] = (
    *organisations.HANDLERS,
    *projects.HANDLERS,
    *keys.HANDLERS,
    *issues.HANDLERS,
    *grouping.HANDLERS,
    *events.HANDLERS,
    *attachments.HANDLERS,
    *feedback.HANDLERS,
    *outcomes.HANDLERS,
    *tokens.HANDLERS,
    *audit.HANDLERS,
    *plugins.HANDLERS,
)
