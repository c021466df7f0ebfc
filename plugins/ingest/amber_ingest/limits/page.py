"""The page of a project's limits: how near they are, and the form that changes them."""

from typing import Any

from amber import Context
from amber.errors import Reject
from amber.model import Fragment, Project, Redirect, Shown, UiRequest, limits_of
from amber_ingest.limits import form


def show(request: UiRequest, ctx: Context[Any]) -> Shown:
    """The project's limits, or what became of the form."""
    project = request.project
    if project is None:
        raise Reject("There is no such project.", status=404)
    if request.form is None:
        return _drawn(request, ctx, project, form.filled(limits_of(project.settings)))
    try:
        changes = form.change(project, form.read(request.form))
    except Reject as refusal:
        return _drawn(request, ctx, project, form.rows_of(request.form), _sentence(refusal.causes[0]))
    if changes:
        audit = request.audit("project.change", str(project.id), changes)
        ctx.role("directory").change_project(project.id, changes, audit)
    return Redirect(f"{request.path}?done=saved")


def _drawn(
    request: UiRequest, ctx: Context[Any], project: Project, rows: list[dict[str, str]], fault: str = ""
) -> Fragment:
    keys = {str(key.id): f"“{key.label}”" for key in ctx.role("directory").keys(project.id)}
    return ctx.render(
        "limits.html",
        path=request.path,
        standings=form.standings(ctx.role("issue_store"), project, keys, request.at),
        rows=rows,
        who=dict(form.WHO) | {f"key {one}": f"The key {label}" for one, label in keys.items()},
        windows=form.WINDOWS,
        kinds=form.CATEGORIES,
        may_change=request.may("project:admin"),
        is_saved=request.query.get("done") == "saved",
        fault=fault,
    )


def _sentence(cause: str) -> str:
    return f"{cause[:1].upper()}{cause[1:]}."
