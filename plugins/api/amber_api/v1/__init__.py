"""Everything Amber knows and does, as JSON under `/api/v1`, and the commands for organisations and projects."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from amber import Context, hookimpl
from amber_api.v1.organisation_commands import organisation
from amber_api.v1.project_commands import project
from amber_api.v1.send_commands import send_test

if TYPE_CHECKING:
    from litestar import Router


@hookimpl
def api_routes(ctx: Context[Any]) -> Sequence["Router"]:
    """Every route of the API; each handler is given the `Tenant` who asks."""
    from litestar import Router  # a worker serves no routes and need not load what they are made of

    from amber_api.v1.routes import HANDLERS
    from amber_api.v1.tenant import tenants

    return [Router(path="/api/v1", route_handlers=HANDLERS, dependencies={"tenant": tenants(ctx)})]


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    """`amber project …`, `amber org …` and `amber send-test`."""
    return [project, organisation, send_test]
