"""Errors as RFC 9457 problem details."""

import logging
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from amber.errors import Denied, Reject, Unavailable

log = logging.getLogger("amber.app")
PROBLEM_JSON = "application/problem+json"


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response[dict[str, Any]]:
    """A problem answer; `detail` is for people, `more` for programs."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return Response(body, status_code=status, media_type=PROBLEM_JSON, headers=headers or {})


def on_reject(_: Request[Any, Any, Any], error: Reject) -> Response[dict[str, Any]]:
    """A request that can never work."""
    more: dict[str, Any] = {"causes": list(error.causes)} if error.causes else {}
    return problem(error.status, error.detail, **more)


def on_denied(_: Request[Any, Any, Any], error: Denied) -> Response[Any]:
    """Somebody who may not."""
    return problem(error.status, error.detail, {"WWW-Authenticate": "Bearer"} if error.status == 401 else {})


def on_unavailable(_: Request[Any, Any, Any], error: Unavailable) -> Response[dict[str, Any]]:
    """A part Amber stands on is away."""
    log.warning("answered 503: %s", error)
    return problem(503, "a part Amber stands on does not answer; try again later", {"Retry-After": "5"})


def on_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """What Litestar refuses by itself; each wrong field is named."""
    extra = error.extra if isinstance(error.extra, list) else []
    fields = [
        {"field": str(one.get("key") or one.get("source") or ""), "message": str(one.get("message", ""))}
        for one in extra
        if isinstance(one, dict)
    ]
    detail = "; ".join(f"{one['field']}: {one['message']}" for one in fields) or error.detail
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() != "content-type"}
    return problem(error.status_code, detail, headers, **({"errors": fields} if fields else {}))


def on_failure(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """A fault of ours: the log has the whole of it, the client does not."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "Amber failed on this request; its log says why")


HANDLERS: Any = {
    Reject: on_reject,
    Denied: on_denied,
    Unavailable: on_unavailable,
    HTTPException: on_http,
    Exception: on_failure,
}
