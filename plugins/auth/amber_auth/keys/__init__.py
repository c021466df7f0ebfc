"""Knows SDKs by the public key of their project."""

import hmac
import re
from typing import Any

from amber import Context, hookimpl
from amber.errors import Denied
from amber.model import INGEST, AuthRequest, Principal, Project, ProjectKey
from amber_auth.keys.origins import is_allowed

PUBLIC_KEY = re.compile(r"[0-9a-f]{32}")


@hookimpl
def authenticate(request: AuthRequest, ctx: Context[Any]) -> Principal | None:
    """The project key an SDK showed; `Denied` where it is unknown, switched off, another project's or used from a page
    the project does not allow.
    """
    if not request.key:
        return None
    key, project = _find(request.key, ctx)
    if not _names(request.project, project):
        raise _refused("ProjectId", "this key belongs to another project")
    if not is_allowed(_origin(request), project.settings.get("allowed_domains", "*")):
        raise _refused("Cors", "the project does not allow events from this origin")
    return Principal(
        kind="key",
        id=str(key.id),
        name=key.label,
        organisation=project.organisation,
        projects=frozenset({project.id}),
        scopes=frozenset({INGEST}),
    )


def _find(shown: str, ctx: Context[Any]) -> tuple[ProjectKey, Project]:
    # AMBER's own clients hold keys as dashed UUIDs, and some tools write hex in capitals: both are the same 128 bits.
    public_key = shown.replace("-", "").lower()
    found = ctx.role("directory").key(public_key) if PUBLIC_KEY.fullmatch(public_key) else None
    if found is None or not found[0].is_active or not hmac.compare_digest(found[0].public_key, public_key):
        raise _refused("ProjectId", "this key is not known here, or it was switched off")
    return found  # type: ignore[no-any-return]  # a role is whatever its plugin answered


def _names(claimed: str, project: Project) -> bool:
    """Whether the client's word for its project means this one; a client that names none takes its key's."""
    return claimed in ("", str(project.id), project.slug)


def _origin(request: AuthRequest) -> str:
    return request.headers.get("origin") or request.headers.get("referer") or ""


def _refused(reason: str, why: str) -> Denied:
    # SDKs and their users search for Relay's words, so they come first.
    return Denied(f"event submission rejected with_reason: {reason} ({why})")
