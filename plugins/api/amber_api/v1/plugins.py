"""`/plugins`: what Amber is made of, how each part fares, and the switch of each."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import get, put
from litestar.params import JSONBody
from msgspec import Meta, Struct

from amber.model import reach
from amber_api.v1.paths import PluginPath
from amber_api.v1.shapes import PROBLEMS, Listing
from amber_api.v1.tenant import Caller, existing


class PluginSwitch(Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with a plugin."""

    enabled: Annotated[bool, Meta(description="Whether it runs, in every process and from now on")]


@get("/plugins", action="project:read", tags=["plugins"], responses=PROBLEMS)
async def list_plugins(tenant: Caller) -> Listing[dict[str, Any]]:
    """Every installed plugin with its version, state and load; one that does not run says why."""
    rows = await tenant.kernel("consumers").laden(await asyncio.to_thread(tenant.kernel("plugins")))
    return Listing([_shown(row, tenant) for row in rows])


def _shown(row: Mapping[str, Any], tenant: Caller) -> dict[str, Any]:
    """What the caller may know of a plugin: the words of an error may hold another tenant's data."""
    if "admin" in reach(tenant.principal.scopes):
        return dict(row)
    is_said = row["state"] in ("running", "disabled")
    reason = row["reason"] if is_said else "whoever looks after this installation sees why"
    return {**row, "last_error": "", "reason": reason}


@put("/plugins/{name:str}", action="admin", tags=["plugins"], responses=PROBLEMS)
async def switch_plugin(tenant: Caller, name: PluginPath, data: JSONBody[PluginSwitch]) -> dict[str, Any]:
    """Switch a plugin on or off, without a restart; one that `amber.toml` settles is refused."""
    await tenant.kernel("toggle")(name, data.enabled, tenant.audit("plugin.switch", f"plugin:{name}"))
    rows = await asyncio.to_thread(tenant.kernel("plugins"))
    found: dict[str, Any] = existing(next((row for row in rows if row["name"] == name), None), "plugin")
    return found


HANDLERS = (list_plugins, switch_plugin)
