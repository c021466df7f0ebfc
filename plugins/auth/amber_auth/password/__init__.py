"""Knows people by e-mail and password, for looking at pages."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import click

from amber import Context, hookimpl
from amber.errors import Denied
from amber.model import AuthRequest, Principal, Scope, User
from amber_auth.password import failures
from amber_auth.password.commands import first_start, user
from amber_auth.password.hashing import is_right

LIMIT = 5
"""Wrong passwords for one account from one address before it has to wait."""

GRANTS: Mapping[str, Scope] = {"owner": "admin", "admin": "project:admin", "member": "project:triage"}
"""What each role may do."""


@hookimpl
def authenticate(request: AuthRequest, ctx: Context[Any]) -> Principal | None:
    """The person whose e-mail and password came as HTTP Basic; `Denied` after too many wrong ones.

    A wrong password is answered as no answer at all: the page then asks the browser for another.
    """
    shown = _shown(request) if _is_page_view(request) else None
    if shown is None:
        return None
    email, password = shown
    who, now = failures.whose(email, request.client_ip), ctx.now()
    failed = failures.count(ctx.database, who, now)
    if failed >= LIMIT:
        raise Denied("too many wrong passwords for this account from here: wait five minutes", status=429)
    found: User | None = ctx.role("directory").user_by_email(email)
    if not is_right(password, found.password_hash if found else ""):
        failures.note(ctx.database, who, now)
        return None
    if failed:
        failures.forget(ctx.database, who)
    return _principal(found) if found else None


def _principal(found: User) -> Principal:
    scopes = frozenset({GRANTS[found.role]} if found.role in GRANTS else ())
    return Principal(
        kind="user", id=str(found.id), name=found.name or found.email, organisation=found.organisation, scopes=scopes
    )


def _is_page_view(request: AuthRequest) -> bool:
    # Browsers attach Basic to requests other sites make, so it may never change anything; the API takes tokens alone.
    folder = request.path.lstrip("/").split("/")[0]
    return request.method in ("GET", "HEAD") and folder != "api" and not request.key


def _shown(request: AuthRequest) -> tuple[str, str] | None:
    """E-mail and password of the Authorization header; None where it is missing or malformed."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        email, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (email, password) if colon and email.isprintable() else None


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    """`amber user …`, and the hidden `amber bootstrap`."""
    return [user, first_start]
