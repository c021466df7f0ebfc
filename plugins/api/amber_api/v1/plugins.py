"""`/plugins`: what Amber is made of, and how each part fares."""

from typing import Any

from litestar import get

from amber_api.v1.shapes import PROBLEMS, Listing
from amber_api.v1.tenant import Caller


@get("/plugins", action="project:read", tags=["plugins"], responses=PROBLEMS, sync_to_thread=True)
def list_plugins(tenant: Caller) -> Listing[dict[str, Any]]:
    """Every installed plugin with its version and state; one that does not run says why."""
    return Listing(list(tenant.kernel("plugins")()))


HANDLERS = (list_plugins,)
