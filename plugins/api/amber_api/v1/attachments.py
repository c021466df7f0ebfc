"""The bytes of attachments, which nobody's browser may ever take for a page of ours."""

from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from amber_api.v1.paths import AttachmentPath, EventPath, ProjectPath
from amber_api.v1.shapes import PROBLEMS
from amber_api.v1.tenant import Caller, event_id_of, existing

BYTES = ResponseSpec(bytes, generate_examples=False, description="The file", media_type="application/octet-stream")


@get(
    "/projects/{project:str}/events/{event_id:str}/attachments/{attachment:str}",
    action="project:read",
    tags=["events"],
    responses={200: BYTES, **PROBLEMS},
    sync_to_thread=True,
)
def get_attachment(
    tenant: Caller, project: ProjectPath, event_id: EventPath, attachment: AttachmentPath
) -> Response[Any]:
    """An attachment's bytes, to be saved, never shown in place."""
    known = tenant.project(project)
    every = tenant.events.list_attachments(known.id, event_id_of(event_id))
    found = existing(next((one for one in every if one.id == attachment), None), "attachment")
    body = existing(tenant.blobs.get(found.blob), "attachment")
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{_file_name(found.name)}",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    # Whatever type the client claimed stays in the listing: here it could only serve to have the file run.
    return Response(body, media_type="application/octet-stream", headers=headers)


def _file_name(name: str) -> str:
    plain = name.replace("\\", "/").rpartition("/")[2] or "attachment"
    return quote(plain, safe="")


HANDLERS = (get_attachment,)
