"""Posts notifications to an address of yours, signed, and does what signed replies ask for.

Only 2xx says that a message was taken. Everything else is tried again, also what another sender might take for final: a
receiver that answers 404 or redirects may be in the middle of a deployment. 410 alone ends it at once.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from amber import Context, Secret, hookimpl
from amber.model import Command, Notification, Receipt, WebhookRequest
from amber_integrations.webhook.answers import judge
from amber_integrations.webhook.message import body_of, headers_of
from amber_integrations.webhook.replies import command_in


class TargetConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One endpoint."""

    url: Annotated[str, Meta(description="Address that messages are posted to", max_length=2000)]
    secret: Annotated[
        Secret,
        Meta(description="What messages are signed with, and answers must be; empty: no answer is heeded"),
    ] = Secret()
    authorization: Annotated[
        Secret, Meta(description="Value of the Authorization header, if the receiver wants one")
    ] = Secret()

    def __post_init__(self) -> None:
        if not self.url.startswith(("https://", "http://")):
            raise ValueError("url: must begin with https:// or http://")


@hookimpl
async def deliver(notification: Notification, target: TargetConfig, ctx: Context[Any]) -> Receipt:
    """Post it."""
    body = body_of(notification)
    headers = headers_of(notification, body, target.secret, int(ctx.now()))
    if target.authorization:
        headers["Authorization"] = target.authorization
    return judge(await ctx.http.send("POST", target.url, headers, body), ctx.now())


@hookimpl
def receive_webhook(request: WebhookRequest, target: TargetConfig) -> Sequence[Command]:
    """Do with an issue what a reply asks for, if it is signed with the target's secret, and just now."""
    return [command_in(request, target.secret)]
