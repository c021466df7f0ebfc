"""Who is asking, and whether they may: deny by default."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from amber.errors import Denied, PluginError, Unavailable
from amber.model import PUBLIC, AuthRequest, Directory, Principal, Project, Resource
from amber.plugin.dispatch import Dispatcher, check_fields

CREDENTIALS = frozenset({"authorization", "cookie", "x-ember-admin", "x-ember-key", "x-ember-token"})
"""Headers that may say who is asking."""
REMEMBERED = 10_000
GOOD_FOR, BAD_FOR = 60.0, 2.0
"""Seconds an answer is kept when nobody tells of a change: a key that works, a key that does not."""


class Access:
    """Asks the auth plugins."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def authenticate(self, request: AuthRequest) -> Principal:
        """Who the request is from; anonymous when no plugin knows.

        Raises Denied for a bad credential, Unavailable when one was shown that nobody knows and a plugin that might
        have known it failed: telling a client that its key is wrong would make it throw its events away.
        """
        failed: PluginError | None = None
        for plugin in self._dispatcher.plugins("authenticate"):
            try:
                principal = await self._dispatcher.ask(plugin, "authenticate", _principal, request=request)
            except PluginError as error:
                failed = error
                continue
            if principal is not None:
                return principal
        if failed is not None and (request.key or not CREDENTIALS.isdisjoint(request.headers)):
            raise Unavailable(f"nobody can tell whose credential this is: {failed}")
        return Principal("anonymous")

    async def authorise(self, principal: Principal, action: str, resource: Resource) -> None:
        """Returns if the principal may; raises Denied otherwise."""
        if action == PUBLIC:
            return
        allowed = False
        for plugin in self._dispatcher.plugins("authorise"):
            try:
                verdict = await self._dispatcher.ask(
                    plugin, "authorise", _verdict, principal=principal, action=action, resource=resource
                )
            except PluginError as error:
                raise Denied(f"{plugin} could not decide about {action}") from error
            if verdict is False:
                raise Denied(f"this needs {action}")
            allowed = allowed or verdict is True
        if not allowed:
            detail = "sign in or send a token" if principal.kind == "anonymous" else f"this needs {action}"
            raise Denied(detail, status=401 if principal.kind == "anonymous" else 403)


def _principal(value: Any) -> Principal | None:
    if value is None:
        return None
    if not isinstance(value, Principal):
        raise TypeError(f"answered {type(value).__name__}, expected Principal or None")
    check_fields(value)
    return value


def _verdict(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise TypeError(f"answered {type(value).__name__}, expected True, False or None")


class KeyCache:
    """What the auth plugins said about ingest keys, for a while; facts about keys and projects empty it."""

    def __init__(self, access: Access, directory: Directory, clock: Callable[[], float] = time.monotonic) -> None:
        self._access, self._directory, self._clock = access, directory, clock
        self._projects: dict[int, tuple[float, Project]] = {}
        self._changes = 0
        self._known: OrderedDict[tuple[str, ...], tuple[float, Principal | Denied]] = OrderedDict()

    async def principal(self, request: AuthRequest) -> Principal:
        """The principal of an ingest request. Raises Denied."""
        origin = request.headers.get("origin") or request.headers.get("referer") or ""
        identity = (request.key, request.project, origin)
        found = self._known.get(identity)
        if found is None or found[0] < self._clock():
            try:
                found = await self._ask(identity, request)
            except Unavailable:
                # the directory is away, the bus is not: a key that worked a moment ago goes on working
                if found is None or isinstance(found[1], Denied):
                    raise
        if identity in self._known:
            self._known.move_to_end(identity)
        if isinstance(found[1], Denied):
            raise Denied(found[1].detail, status=found[1].status)
        return found[1]

    async def _ask(self, identity: tuple[str, ...], request: AuthRequest) -> tuple[float, Principal | Denied]:
        answer: Principal | Denied
        asked_at = self._changes
        try:
            answer = await self._access.authenticate(request)
            if answer.project is None:
                answer = Denied("event submission rejected with_reason: unknown key", status=403)
        except Denied as denied:
            answer = denied
        found = (self._clock() + (BAD_FOR if isinstance(answer, Denied) else GOOD_FOR), answer)
        if (
            asked_at != self._changes
        ):  # a key changed meanwhile: this answer may be old, so it serves this request alone
            return found
        self._known[identity] = found
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    def clear(self) -> None:
        """Forget everything: a key or a project changed."""
        self._changes += 1
        self._known.clear()
        self._projects.clear()

    async def project(self, number: int) -> Project:
        """A project that a key was found to belong to. Raises Denied if it is gone."""
        found = self._projects.get(number)
        if found is None or found[0] < self._clock():
            project = await asyncio.to_thread(self._directory.project, str(number))
            if project is None:
                raise Denied("event submission rejected with_reason: ProjectId")
            found = self._projects[number] = (self._clock() + GOOD_FOR, project)
        return found[1]
