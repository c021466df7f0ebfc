"""What stands in the kernel for a plugin that runs elsewhere: its hooks, each a request over the bus."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from amber.bus import Bus
from amber.errors import Unavailable
from amber.hosting.rpc import HELLO, QUESTIONS, Hello, answer_of, encode, rpc_subject
from amber.model import Event, Fact, FormField, Notification, Project, WebhookRequest
from amber.model.secrets import Secret
from amber.plugin.context import Context
from amber.plugin.manifest import Manifest
from amber.plugin.spec import hookimpl, hooks

GRACE = 1.0
"""Seconds beyond a hook's budget, in which the plugin's own word that it was late may arrive."""
KINDS: Mapping[str, Any] = {
    "text": str,
    "secret": Secret,
    "number": int | float,
    "boolean": bool,
    "list": tuple[str, ...],
}
"""What a field of a form holds."""


class ProcessEnded(Exception):
    """What a plugin was asked will not be answered: its process is gone."""


class Peer:
    """A plugin at the other end of the bus; of its processes this one alone, where it is named."""

    def __init__(self, manifest: Manifest, bus: Callable[[], Bus | None], process: str = "") -> None:
        self.manifest, self._bus, self._process = manifest, bus, process
        self._under_way: set[asyncio.Task[bytes]] = set()
        self._reason = ""
        self.in_doubt = asyncio.Event()
        """Set from the moment it owes an answer until it says hello."""

    def budget_ms(self, hook: str) -> int:
        """How long an answer may take."""
        return self.manifest.budget_ms or hooks()[hook].budget_ms

    async def hello(self, seconds: float) -> Hello:
        """What it says of itself. Raises Unavailable where nobody is there, TimeoutError where nobody answers."""
        was_in_doubt = self.in_doubt.is_set()
        answer: Hello = answer_of(HELLO, await self._request(HELLO, b"{}", seconds))
        if was_in_doubt:  # one that came meanwhile is about what this answer may have overtaken
            self.in_doubt.clear()
        return answer

    async def ask(self, hook: str, question: Struct) -> Any:
        """Its answer. Raises Unavailable where nobody is there to be asked, or what it raised itself.

        Late once, it is asked nothing more until it says hello: if it hangs, that is the fault of what it has in hand,
        and whatever else is meant for it waits.
        """
        if self.in_doubt.is_set():
            raise Unavailable(f"plugin {self.manifest.name} was late, and has to say hello first")
        return answer_of(hook, await self._in_time(hook, encode(question)))

    async def _in_time(self, hook: str, data: bytes) -> bytes:
        try:
            return await self._request(hook, data, self.budget_ms(hook) / 1000 + GRACE)
        except (TimeoutError, asyncio.CancelledError):  # cancelled by whoever asked, at the end of the hook's budget
            self.in_doubt.set()
            raise

    async def _request(self, what: str, data: bytes, seconds: float) -> bytes:
        bus = self._bus()
        if bus is None:
            raise Unavailable("this process has no bus to ask over")
        subject = rpc_subject(self.manifest.name, what, self._process)
        asking = asyncio.ensure_future(bus.request(subject, data, seconds))
        self._under_way.add(asking)
        try:
            return await asking
        except asyncio.CancelledError:
            asking.cancel()
            if self._reason and not _is_cancelled():
                raise ProcessEnded(self._reason) from None
            raise
        finally:
            self._under_way.discard(asking)

    def abandon(self, reason: str) -> None:
        """Its process ended: what it was asked will not be answered, and counts as failed, since it may be why."""
        self._reason = reason
        for asking in tuple(self._under_way):
            asking.cancel()


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Proxy:
    """The plugin's module as pluggy and the desks see it."""

    def __init__(self, peer: Peer, hello: Hello) -> None:
        self._forms: Any = None
        self.heed(hello)
        for hook in QUESTIONS.keys() & set(hello.hooks):
            setattr(self, hook, getattr(Asking(peer), hook))

    def heed(self, hello: Hello) -> None:
        """Take over what the plugin says of itself."""
        self.health = hello.health
        if (forms := (hello.config, hello.target)) != self._forms:
            self._forms = forms
            self.Config = struct_of("Config", [field for field in hello.config if _is_plain(field)])
            self.TargetConfig = struct_of("TargetConfig", hello.target)

    @hookimpl
    def plugin_health(self) -> str | None:
        """What it last said keeps it from working."""
        return self.health or None


def struct_of(name: str, fields: Sequence[FormField]) -> type[Struct]:
    """A Struct with the fields that a form asks for. Raises ValueError for fields that no Struct can have."""
    for field in fields:
        if not field.name.isidentifier() or field.name.startswith("_"):
            raise ValueError(f"{field.name!r} is no name for a field")
    return msgspec.defstruct(name, [_field(field) for field in fields], frozen=True, kw_only=True)


def _is_plain(field: FormField) -> bool:
    """Whether a form can ask for it; what else a Config holds, such as tables, is set in `amber.toml` alone."""
    with contextlib.suppress(msgspec.ValidationError):
        msgspec.convert(field.default, _kind(field) | None)
        return True
    return False


def _kind(field: FormField) -> Any:
    if field.kind == "choice" and not field.choices:
        raise ValueError(f"{field.name!r} is a choice of nothing")
    return Literal[field.choices] if field.kind == "choice" else KINDS[field.kind]


def _field(field: FormField) -> Any:
    kind = _kind(field)
    note = Meta(description=field.description)
    if field.is_required:
        return field.name, Annotated[kind, note]
    if field.default is None:
        return field.name, Annotated[kind | None, note], "" if field.kind in ("text", "secret") else None
    return field.name, Annotated[kind, note], msgspec.convert(field.default, kind)


def own_settings(project: Project, ctx: Context[Any]) -> dict[str, Any]:
    """What a plugin is told to go by for a project; nothing, where that is what holds everywhere."""
    settings = ctx.settings(project)
    return {} if settings is ctx.config else msgspec.structs.asdict(settings)


class Asking:
    """The hooks of a plugin that runs elsewhere, each a request over the bus."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def _ask(self, hook: str, **values: Any) -> Any:
        return await self._peer.ask(hook, QUESTIONS[hook](**values, budget_ms=self._peer.budget_ms(hook)))

    @hookimpl
    async def on_fact(self, fact: Fact) -> Any:
        """`fact` is heard elsewhere."""
        return await self._ask("on_fact", fact=fact)

    @hookimpl
    async def deliver(self, notification: Notification, target: Any) -> Any:
        """`notification` is delivered from elsewhere."""
        return await self._ask("deliver", notification=notification, target=target)

    @hookimpl
    async def receive_webhook(self, request: WebhookRequest, target: Any) -> Any:
        """`request` is read elsewhere."""
        return await self._ask("receive_webhook", request=request, target=target)

    @hookimpl
    async def enrich_events(self, events: Sequence[Event], project: Project, ctx: Context[Any]) -> Any:
        """What is added elsewhere; nothing while it is being started anew, which is no failure of the plugin's."""
        settings = own_settings(project, ctx)
        try:
            return await self._ask("enrich_events", events=tuple(events), project=project, settings=settings)
        except Unavailable:
            return [None] * len(events)

    @hookimpl
    async def evaluate_fact(self, fact: Fact, project: Project, ctx: Context[Any]) -> Any:
        """What is made of `fact` elsewhere."""
        return await self._ask("evaluate_fact", fact=fact, project=project, settings=own_settings(project, ctx))
