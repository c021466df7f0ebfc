"""`/profile`: who one is here, one's password, and the browsers one is logged in with."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from amber.errors import Denied, Reject
from amber.model import Session, User
from amber_console.home.pages import go
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.browsers import browser_words
from amber_console.home.settings.forms import Form, form_of, name_fault, refuse
from amber_console.home.visitor import Visitor, found

PASSWORD_PROBLEMS: Mapping[str, tuple[str, str]] = {
    "wrong": ("old", "That is not your password."),
    "short": ("new", "That is too short: take ten characters or more; a few words do well."),
    "long": ("new", "That is longer than a thousand characters."),
    "email": ("new", "Your e-mail address is the first thing anybody would try."),
    "wait": ("old", "Too many wrong passwords. Wait five minutes; yours is as it was."),
}
"""What the form's own page (the auth plugin's) says in one word: the field it is about, and what it means."""


@get("/profile", action="project:read", sync_to_thread=True)
def profile_page(asked: Ask) -> Response[bytes]:
    """The visitor's own page."""
    return _page(asked, form_of(name=_self(asked.visitor).name))


@post("/profile", action="project:read", sync_to_thread=True)
def rename(asked: Ask) -> Response[Any]:
    """Change one's name."""
    user, name = _self(asked.visitor), asked.form.text("name")
    try:
        refuse({"name": name_fault(name)})
        if name != user.name:
            audit = asked.visitor.audit("user.change", user.email, {"name": name})
            asked.visitor.directory.change_user(user.id, {"name": name}, audit)
    except Reject as refusal:
        return _page(asked, asked.form, refusal)
    return go("/profile?done=saved")


@post("/profile/sessions/{session:int}/end", action="project:read", sync_to_thread=True)
def end_session(asked: Ask, session: FromPath[int]) -> Response[Any]:
    """Log one browser out."""
    sessions = asked.visitor.directory.sessions(_self(asked.visitor).id)
    _end(asked, found(next((one for one in sessions if one.id == session), None), "session"))
    return go("/profile?done=ended#sessions")


@post("/profile/sessions/end", action="project:read", sync_to_thread=True)
def end_others(asked: Ask) -> Response[Any]:
    """Log every other browser out."""
    for one in asked.visitor.directory.sessions(_self(asked.visitor).id):
        if one.id != asked.visitor.principal.session:
            _end(asked, one)
    return go("/profile?done=others#sessions")


def _self(visitor: Visitor) -> User:
    if visitor.user is None:
        raise Denied("This page is a person’s; a token has none.")
    return visitor.user


def _end(asked: Asked, session: Session) -> None:
    asked.visitor.directory.end_session(session.id, asked.visitor.audit("session.end", asked.visitor.email))


def _page(asked: Asked, form: Form, refusal: Reject | None = None) -> Response[bytes]:
    visitor = asked.visitor
    user = _self(visitor)
    alive = [one for one in visitor.directory.sessions(user.id) if one.expires_at > visitor.now]
    sessions = [(one, browser_words(one.user_agent), one.id == visitor.principal.session) for one in alive]
    problem = PASSWORD_PROBLEMS.get(asked.query.get("problem", ""), ("", ""))
    return asked.draw("profile", form, refusal, user=user, sessions=sessions, password_problems=dict([problem]))


HANDLERS = (profile_page, rename, end_session, end_others)
