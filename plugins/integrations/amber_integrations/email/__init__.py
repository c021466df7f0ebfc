"""Sends notifications by e-mail through an SMTP server."""

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

from amber import Context, Secret, hookimpl
from amber.errors import Reject
from amber.model import Notification, Receipt
from amber_integrations.email.message import build
from amber_integrations.email.smtp import Account, post

ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
"""What SMTP takes as it is; nothing in it can begin another header or another recipient."""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """The server that mails go out through."""

    host: Annotated[str, Meta(description="Name of the SMTP server; empty: no mail is sent")] = ""
    port: Annotated[
        int, Meta(description="Its port; 0: 465 with tls, 587 with starttls, 25 with none", ge=0, le=65535)
    ] = 0
    tls: Annotated[Literal["none", "starttls", "tls"], Meta(description="How the connection is encrypted")] = "starttls"
    username: Annotated[str, Meta(description="Name to log in with; empty: without")] = ""
    password: Annotated[Secret, Meta(description="Password to log in with")] = Secret()
    sender: Annotated[str, Meta(description="Address mails come from; empty: amber@ the server's name")] = ""

    def __post_init__(self) -> None:
        if self.sender and not ADDRESS.fullmatch(self.sender):
            raise ValueError(f"sender: {self.sender!r} is not an e-mail address")


class TargetConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Some people's addresses."""

    to: Annotated[tuple[str, ...], Meta(description="E-mail addresses, one a line", min_length=1, max_length=50)]

    def __post_init__(self) -> None:
        for address in self.to:
            if not ADDRESS.fullmatch(address) or len(address) > 254:
                raise ValueError(f"to: {address[:100]!r} is not an e-mail address")


@hookimpl
def deliver(notification: Notification, target: TargetConfig, ctx: Context[Config]) -> Receipt:
    """Send one mail to all addresses of the target."""
    config = ctx.config
    if not config.host:
        raise Reject("email is not configured: set [plugins.email] host")
    sender = config.sender or f"amber@{config.host}"
    account = Account(config.host, config.port, config.tls, config.username, config.password)
    return post(build(notification, sender, target.to), account)
