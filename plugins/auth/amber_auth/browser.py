"""A browser's requests: what its forms hold, where it came from, and how its session begins."""

import re
import secrets
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from msgspec import Struct

from amber.model import AuditEntry, Directory, Principal, Session, User, token_digest
from amber_auth.cookie import DAY, IDLE_DAYS

LONGEST_AGENT = 200
HOME = "/issues"
UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
"""What browsers drop from an address, or read as something else than it looks like."""
Asked = Request[Principal, Any, Any]


class Visit(Struct, frozen=True):
    """Where and when a request came from."""

    client_ip: str
    user_agent: str
    at: float


def visit_of(request: Asked, at: float) -> Visit:
    """Where this request came from."""
    ip = str(request.scope.get("amber_client_ip", ""))
    return Visit(ip, request.headers.get("user-agent", "")[:LONGEST_AGENT], at)


async def form_of(request: Asked) -> dict[str, str]:
    """The texts of the form that was sent; of a field given twice, the last."""
    form = await request.form()
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}


def local(path: str) -> str:
    """`path` where it is one of this very site; empty for whatever would lead a browser elsewhere."""
    if not path.startswith("/") or path.startswith("//") or UNSAFE.search(path):
        return ""
    parts = urlsplit(path)
    return "" if parts.scheme or parts.netloc else path


def see(path: str, cookie: Cookie | None = None, **query: str) -> Response[str]:
    """Send the browser on to one of our own pages; empty values of the query are left out."""
    asked = urlencode({name: value for name, value in query.items() if value}, quote_via=quote)
    address = f"{path}?{asked}" if asked else path
    cookies = [cookie] if cookie is not None else []
    headers = {"location": address, "cache-control": "no-store"}
    return Response("", status_code=303, headers=headers, cookies=cookies, media_type=MediaType.TEXT)


def begin(directory: Directory, user: User, organisation: int, visit: Visit, idle_days: float = IDLE_DAYS) -> str:
    """Begin a session of this person in this browser; its secret, which never was another session's."""
    secret = secrets.token_urlsafe(32)
    until = visit.at + idle_days * DAY
    wanted = Session(0, user.id, organisation, visit.at, visit.at, until, visit.client_ip, visit.user_agent)
    directory.add_session(wanted, token_digest(secret), audit_of(user, organisation, "session.create", visit))
    return secret


def audit_of(user: User, organisation: int, action: str, visit: Visit) -> AuditEntry:
    """What the audit log keeps of something a person did to their own account."""
    return AuditEntry(organisation, f"user:{user.id}", action, user.email, visit.at, client_ip=visit.client_ip)
