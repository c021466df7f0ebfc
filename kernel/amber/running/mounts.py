"""Which of many applications answers a request."""

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.routes import ASGIRoute, BaseRoute

ONE, REST = "{}", "{*}"
"""Stand in the tree for a segment that may be anything, and for all that follow."""
EVERY = "*"
"""Stands for all methods."""


class _Node:
    """What begins with the segments that lead here."""

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.apps: dict[str, Litestar] = {}


class Mounts:
    """Applications by the methods and paths of their routes; what nobody has goes to the first of them."""

    def __init__(self, first: Litestar) -> None:
        self._first = first
        self._top = _Node()
        self.routes: list[BaseRoute] = []
        self.mount(first)

    def mount(self, app: Litestar) -> None:
        """Serve an application's routes. Raises ValueError, and serves none, where one is another application's."""
        places = [
            (route.path, self._node(segments), method) for route in app.routes for segments, method in _ways(route)
        ]
        for path, node, method in places:
            if method in node.apps or EVERY in node.apps or (method == EVERY and node.apps):
                raise ValueError(f"{method} {path} is another plugin's")
        for _, node, method in places:
            node.apps[method] = app
        self.routes += app.routes

    def _node(self, segments: list[str]) -> _Node:
        node = self._top
        for segment in segments:
            node = node.children.setdefault(segment, _Node())
        return node

    def find(self, method: str, path: str) -> Litestar:
        """Who answers: the most literal path wins. Who has the path tells that a method is not allowed there."""
        found = [node for node in _leading(self._top, [one for one in path.split("/") if one], 0) if node.apps]
        for node in found:
            if (app := node.apps.get(method) or node.apps.get(EVERY)) is not None:
                return app
        return next(iter(found[0].apps.values())) if found else self._first

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """ASGI."""
        app = self.find(scope["method"], scope["path"]) if scope["type"] == "http" else self._first
        await app(scope, receive, send)  # type: ignore[arg-type]  # Litestar's scopes are TypedDicts, a server's are not


def _leading(node: _Node, segments: list[str], at: int) -> Iterator[_Node]:
    """The nodes that a path leads to, the most literal first."""
    if at == len(segments):
        yield node
    else:
        for key in (segments[at], ONE):
            if key in node.children:
                yield from _leading(node.children[key], segments, at + 1)
    if REST in node.children:
        yield node.children[REST]


def _ways(route: BaseRoute) -> Iterator[tuple[list[str], str]]:
    """The segments and methods of a route, but for OPTIONS, which Litestar adds to every one."""
    segments = [one if isinstance(one, str) else REST if one.type is Path else ONE for one in route.path_components]
    if isinstance(route, ASGIRoute):
        yield segments, EVERY
        if route.route_handler.is_mount:
            yield [*segments, REST], EVERY
    for method in route.methods - {"OPTIONS"}:
        yield segments, method
