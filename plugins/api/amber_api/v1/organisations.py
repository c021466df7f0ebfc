"""`/organisations`: the tenant everything belongs to."""

from litestar import get, patch, post
from litestar.params import JSONBody
from msgspec import UNSET, Struct, UnsetType

from amber.model import Organisation, free_slug, person_of, rfc3339
from amber_api.v1.paths import OrganisationPath
from amber_api.v1.projects import Name, Slug
from amber_api.v1.shapes import PROBLEMS, Listing, listing
from amber_api.v1.tenant import Caller, existing


class OrganisationItem(Struct, frozen=True):
    """An organisation."""

    id: str
    slug: str
    name: str
    created_at: str


class NewOrganisation(Struct, frozen=True, forbid_unknown_fields=True):
    """An organisation to make."""

    name: Name
    slug: Slug | UnsetType = UNSET


class OrganisationPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about an organisation."""

    name: Name


@get("/organisations", action="project:read", tags=["organisations"], responses=PROBLEMS, sync_to_thread=True)
def list_organisations(tenant: Caller) -> Listing[OrganisationItem]:
    """The organisations the caller may know of: their own; all of them with the scope `admin`."""
    return listing(tenant.organisations(), organisation_item)


@post("/organisations", action="admin", tags=["organisations"], responses=PROBLEMS, sync_to_thread=True)
def create_organisation(tenant: Caller, data: JSONBody[NewOrganisation]) -> OrganisationItem:
    """Make an organisation; a person who makes one becomes its owner."""
    slug = data.slug or free_slug(data.name, {one.slug for one in tenant.organisations()}, "organisation")
    audit = tenant.audit("organisation.create", slug, {"name": data.name})
    made = tenant.directory.add_organisation(slug, data.name, audit)
    if person := person_of(tenant.principal):
        joined = tenant.audit("member.create", tenant.principal.name, {"role": "owner"}, made.id)
        tenant.directory.add_member(made.id, person, "owner", joined)
    return organisation_item(made)


@get(
    "/organisations/{organisation:str}",
    action="project:read",
    tags=["organisations"],
    responses=PROBLEMS,
    sync_to_thread=True,
)
def get_organisation(tenant: Caller, organisation: OrganisationPath) -> OrganisationItem:
    """One organisation by id or slug."""
    found = (one for one in tenant.organisations() if organisation in (str(one.id), one.slug))
    return organisation_item(existing(next(found, None), "organisation"))


@patch(
    "/organisations/{organisation:str}",
    action="org:owner",
    tags=["organisations"],
    responses=PROBLEMS,
    sync_to_thread=True,
)
def change_organisation(
    tenant: Caller, organisation: OrganisationPath, data: JSONBody[OrganisationPatch]
) -> OrganisationItem:
    """Rename the caller's own organisation; its slug stays."""
    own = tenant.own_organisation()
    existing(own if organisation in (str(own.id), own.slug) else None, "organisation")
    audit = tenant.audit("organisation.change", own.slug, {"name": data.name})
    return organisation_item(tenant.directory.change_organisation(own.id, data.name, audit))


def organisation_item(one: Organisation) -> OrganisationItem:
    """An organisation as the API shows it."""
    return OrganisationItem(str(one.id), one.slug, one.name, rfc3339(one.created_at))


HANDLERS = (list_organisations, create_organisation, get_organisation, change_organisation)
