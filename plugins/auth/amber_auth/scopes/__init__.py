"""Decides who may do what by the scopes people, tokens and keys hold."""

from amber import hookimpl
from amber.model import INGEST, PUBLIC, Principal, Resource, reach

WHOLE_ORGANISATION = frozenset({"org:admin", "org:owner", "admin"})


@hookimpl
def authorise(principal: Principal, action: str, resource: Resource) -> bool | None:
    """Allow what is public or held by a scope; deny what is another's; have no opinion on anything else."""
    if action == PUBLIC:
        return True
    if _is_foreign(principal, resource) or _is_beyond_its_projects(principal, action):
        return False
    return True if action in _held(principal) else None


def _held(principal: Principal) -> frozenset[str]:
    if principal.kind == "key":
        return principal.scopes & {INGEST}
    return reach(principal.scopes) if principal.kind in ("token", "user") else frozenset()


def _is_foreign(principal: Principal, resource: Resource) -> bool:
    if resource.organisation is not None and principal.organisation != resource.organisation:
        return principal.kind != "anonymous"
    return resource.project is not None and not principal.reaches(resource.project)


def _is_beyond_its_projects(principal: Principal, action: str) -> bool:
    # A project's token may carry `admin` and still never reach past its project: it could make itself a wider token.
    return principal.projects is not None and action in WHOLE_ORGANISATION
