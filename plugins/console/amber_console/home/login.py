"""The pages of those who are not signed in yet: login and invitations; what they post to is the auth plugins'."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from amber import Context
from amber.errors import Reject
from amber.model import Directory, LoginMethod, Principal, token_digest
from amber_console.home.pages import Pages, go, local_path

Asked = Request[Principal, Any, Any]
PROBLEMS: Mapping[str, str] = {
    "wrong": "That e-mail and password do not belong together. Try again.",
    "wait": "Too many tries. Wait five minutes, then try again; your account is as it was.",
    "off": "Nobody can log in right now: a part Amber stands on does not answer. Try again in a moment.",
    "gone": "This invitation was used, withdrawn, or is too old. Ask for another.",
    "taken": "There is an account with this address already. Log in with it, then open the invitation again.",
    "short": "A password has at least 10 characters. Nothing was changed; try a longer one.",
    "long": "That password is too long to be checked. Nothing was changed; try a shorter one.",
    "email": "A password cannot be the e-mail address. Nothing was changed; try another one.",
    "nowhere": "You are known, but you have no place in an organisation any more. Ask an owner to invite you.",
}


@get("/", action="public", sync_to_thread=False)
def home(request: Asked) -> Response[Any]:
    """Straight to the issues, or to the login."""
    return go("/issues" if request.user.organisation is not None else "/login")


def login_routes(ctx: Context[Any], pages: Pages, refusals: Any) -> Sequence[HTTPRouteHandler]:
    """The login page and the invitation page.

    Handlers of their own, in no router: an auth plugin answers the POST on the same paths, and Litestar joins the
    methods of a path only where they are registered one by one.
    """

    @get("/login", action="public", include_in_schema=False, exception_handlers=refusals)
    async def login(request: Asked) -> Response[Any]:
        """One form for each way to log in."""
        if request.user.organisation is not None:
            return go(local_path(request.query_params.get("next", "")))
        return _login_page(pages, request.query_params, await ctx.kernel("logins").methods())

    @get(
        "/invitation/{secret:str}",
        action="public",
        include_in_schema=False,
        exception_handlers=refusals,
        sync_to_thread=True,
    )
    def invitation(request: Asked, secret: FromPath[str]) -> Response[bytes]:
        """Who invites to what, and the form that accepts."""
        return pages.draw("invitation", **_invited(ctx, secret), problem=_said(request.query_params))

    return [login, invitation]


def _login_page(pages: Pages, asked: Mapping[str, str], methods: Sequence[LoginMethod]) -> Response[bytes]:
    onward, given = local_path(asked.get("next", "")), {"email": asked.get("email", "")[:200]}
    return pages.draw("login", methods=methods, onward=onward, problem=_said(asked), given=given)


def _said(asked: Mapping[str, str]) -> str:
    """What the form's receiver found wrong, in a sentence."""
    problem = asked.get("problem", "")
    return PROBLEMS.get(problem, PROBLEMS["wrong"]) if problem else ""


def _invited(ctx: Context[Any], secret: str) -> dict[str, Any]:
    """What the page of an invitation shows; `Reject` with 404 where it is worth nothing."""
    directory: Directory = ctx.role("directory")
    kept = directory.invitation(token_digest(secret))
    organisation = directory.organisation(str(kept.organisation)) if kept is not None else None
    if kept is None or organisation is None or kept.expires_at <= ctx.now():
        raise Reject(PROBLEMS["gone"], status=404)
    is_known = directory.user_by_email(kept.email) is not None
    return {"secret": secret, "invited": kept, "organisation": organisation, "is_known": is_known}
