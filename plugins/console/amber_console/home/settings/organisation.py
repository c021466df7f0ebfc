"""`/organisation`: the tenant itself; for those who look after the whole installation, every other one too."""

from typing import Any

from litestar import Response, get, post

from amber.errors import Denied, Reject
from amber.model import free_slug
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.forms import Form, form_of, name_fault, refuse


@get("/organisation", action="org:owner", sync_to_thread=True)
def organisation_page(asked: Ask) -> Response[bytes]:
    """The organisation as it is."""
    return _page(asked, form_of(name=asked.visitor.organisation.name))


@post("/organisation", action="org:owner", sync_to_thread=True)
def rename_organisation(asked: Ask) -> Response[Any]:
    """Give the organisation another name."""
    visitor, name = asked.visitor, asked.form.text("name")
    try:
        refuse({"name": name_fault(name)})
        if name != visitor.organisation.name:
            audit = visitor.audit("organisation.change", visitor.organisation.slug, {"name": name})
            visitor.directory.change_organisation(visitor.organisation_id, name, audit)
    except Reject as refusal:
        return _page(asked, asked.form, refusal)
    return go("/organisation?done=saved")


@post("/organisations", action="admin", sync_to_thread=True)
def make_organisation(asked: Ask) -> Response[Any]:
    """Make another organisation, owned by the visitor."""
    try:
        _make(asked)
    except Reject as refusal:
        kept = form_of(name=asked.visitor.organisation.name, other=asked.form.text("other"))
        return _page(asked, kept, refusal)
    return go("/organisation?done=organisation#organisations")


def _make(asked: Asked) -> None:
    visitor, name = asked.visitor, asked.form.text("other")
    if visitor.user is None:
        raise Denied("An organisation needs an owner, and a token is nobody: log in to make one.")
    refuse({"other": name_fault(name)})
    directory = visitor.directory
    slug = free_slug(name, {one.slug for one in directory.organisations()}, "organisation")
    made = directory.add_organisation(slug, name, visitor.audit("organisation.create", slug, {"name": name}))
    entry = visitor.audit("member.create", visitor.user.email, {"role": "owner", "organisation": slug})
    directory.add_member(made.id, visitor.user.id, "owner", entry)


def _page(asked: Asked, form: Form, refusal: Reject | None = None) -> Response[bytes]:
    visitor = asked.visitor
    every = visitor.directory.organisations() if visitor.is_superuser else ()
    lines = [(one, len(visitor.directory.members(one.id)), len(visitor.directory.projects(one.id))) for one in every]
    mine = {one.id for one in visitor.organisations}
    return asked.draw("organisation", form, refusal, lines=lines, mine=mine)


HANDLERS = (organisation_page, rename_organisation, make_organisation)
