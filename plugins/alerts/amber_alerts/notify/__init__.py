"""Tells a project's targets of new issues and of issues that came back."""

import asyncio
from typing import Any

from amber import Context, hookimpl
from amber.model import Directory, Fact, Notification, Project


@hookimpl
async def on_fact(fact: Fact, ctx: Context[Any]) -> None:
    """Queue one message for each target that wants such news; a fact that is heard twice queues nothing twice."""
    directory: Directory = ctx.role("directory")
    project = await asyncio.to_thread(directory.project, str(fact.project))
    if project is None:
        return  # it was removed since
    notification = tell(fact, project, ctx.kernel("public_url"))
    for target in await asyncio.to_thread(directory.targets, project.id):
        if target.is_enabled and fact.type in target.kinds:
            await ctx.kernel("targets").send(target, notification)


def tell(fact: Fact, project: Project, public_url: str) -> Notification:
    """What people are told of a fact; the same fact gives the same notification."""
    issue = {name: str(fact.data.get(name) or "") for name in ("title", "culprit", "level", "short_id", "event_id")}
    issue_id = str(fact.data.get("issue_id") or "")
    return Notification(
        id=fact.id,
        kind=fact.type,
        project=project.id,
        project_slug=project.slug,
        project_name=project.name,
        at=fact.at,
        url=f"{public_url}/issues/{issue_id}",
        issue_id=issue_id,
        **issue,
    )
