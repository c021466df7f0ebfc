"""`amber jwt`."""

import click

from amber import Context
from amber.errors import Reject
from amber.model import AuditEntry, Directory, rfc3339
from amber_auth.ember.config import Config
from amber_auth.ember.signed import sign
from amber_auth.terminal import AS_JSON, say


@click.command("jwt")
@click.argument("token_id", type=click.IntRange(min=1))
@AS_JSON
@click.pass_obj
def sign_token(ctx: Context[Config], /, token_id: int, as_json: bool) -> None:
    """Make a JSON Web Token for a team's token, for AMBER's clients."""
    directory: Directory = ctx.role("directory")
    known = directory.token_by_id(token_id)
    if known is None:
        raise Reject(f"there is no token {token_id}; `amber token list` shows them all", status=404)
    made = sign(known, ctx)
    directory.note_change(AuditEntry(known.organisation, "cli", "token.jwt", f"token:{known.id}", ctx.now()))
    until = rfc3339(made.expires_at)
    say({"token_id": known.id, "jwt": made.jwt, "expires_at": until}, as_json, f"{made.jwt}\nGood until {until}.")
