"""All routes of the API, in the order its documentation shows them."""

from litestar.handlers import HTTPRouteHandler

from amber_api.v1 import (
    attachments,
    attempts,
    audit,
    events,
    feedback,
    grouping,
    invitations,
    issues,
    keys,
    me,
    members,
    organisations,
    outcomes,
    plugins,
    projects,
    targets,
    team_links,
    teams,
    tokens,
)

HANDLERS: tuple[HTTPRouteHandler, ...] = (
    *me.HANDLERS,
    *organisations.HANDLERS,
    *members.HANDLERS,
    *invitations.HANDLERS,
    *teams.HANDLERS,
    *team_links.HANDLERS,
    *projects.HANDLERS,
    *keys.HANDLERS,
    *issues.HANDLERS,
    *grouping.HANDLERS,
    *events.HANDLERS,
    *attachments.HANDLERS,
    *feedback.HANDLERS,
    *outcomes.HANDLERS,
    *targets.HANDLERS,
    *attempts.HANDLERS,
    *tokens.HANDLERS,
    *audit.HANDLERS,
    *plugins.HANDLERS,
)
