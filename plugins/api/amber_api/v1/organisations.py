"""`/organisations`: the tenant everything belongs to."""

from litestar import get
from msgspec import Struct

from amber.errors import Reject
from amber.model import Organisation, rfc3339
from amber_api.v1.paths import OrganisationPath
from amber_api.v1.shapes import PROBLEMS, Listing, listing
from amber_api.v1.tenant import Caller


class OrganisationItem(Struct, frozen=True):
    """An organisation."""

    id: str
    slug: str
    name: str
    created_at: str


@get("/organisations", action="project:read", tags=["organisations"], responses=PROBLEMS, sync_to_thread=True)
def list_organisations(tenant: Caller) -> Listing[OrganisationItem]:
    """The organisations the token may see: its own."""
    return listing([tenant.own_organisation()], _shown)


@get(
    "/organisations/{organisation:str}",
    action="project:read",
    tags=["organisations"],
    responses=PROBLEMS,
    sync_to_thread=True,
)
def get_organisation(tenant: Caller, organisation: OrganisationPath) -> OrganisationItem:
    """One organisation by id or slug."""
    own = tenant.own_organisation()
    if organisation not in (str(own.id), own.slug):
        raise Reject("no such organisation", status=404)
    return _shown(own)


def _shown(one: Organisation) -> OrganisationItem:
    return OrganisationItem(str(one.id), one.slug, one.name, rfc3339(one.created_at))


HANDLERS = (list_organisations, get_organisation)
