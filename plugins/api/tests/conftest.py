"""The API as the kernel serves it: real plugins, real guard, real stores on SQLite; no bus."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import pytest
from litestar.testing import TestClient

from amber.errors import Reject
from amber.model import (
    Attachment,
    Attempt,
    AuditEntry,
    Batch,
    Event,
    FormField,
    GroupedEvent,
    Grouping,
    Notification,
    OutcomeCount,
    Project,
    Role,
    Session,
    Target,
    TargetType,
    Token,
    User,
    new_token,
    token_digest,
)
from amber.testing.letters import morgue
from amber.testing.running import Kernel, app, kernel, session_kernel

__all__ = ["app", "kernel", "morgue", "session_kernel"]
AUDIT = AuditEntry(0, "test", "test", "", 1.0)
NOON = 1_700_000_000.0
NOW = time.time()
Client = TestClient[Any]


class Tenancy:
    """One organisation with a project, and a client for each token asked for."""

    def __init__(self, kernel: Kernel, app: Any, slug: str) -> None:
        self._app, self.stores = app, kernel.stores
        self.directory = kernel.stores.directory
        self.organisation = self.directory.add_organisation(slug, slug.title(), AUDIT)
        self.project: Project = self.directory.add_project(self.organisation.id, "shop", "Shop", "python", AUDIT)

    def client(self, *scopes: str, project: int | None = None, team: int | None = None) -> Client:
        secret, digest = new_token()
        wanted = Token(0, self.organisation.id, project, "test", secret[-4:], scopes, NOON, team=team)
        self.directory.add_token(wanted, digest, AUDIT)
        client: Client = TestClient(self._app)
        client.headers["authorization"] = f"Bearer {secret}"
        return client

    def person(self, name: str, role: Role = "member", is_superuser: bool = False) -> User:
        made = self.directory.add_user(User(0, f"{name}@shop.test", name.title(), "", NOON, is_superuser), AUDIT)
        self.directory.add_member(self.organisation.id, made.id, role, AUDIT)
        return made

    def browser(self, who: User) -> Client:
        """A browser in which this person is logged in."""
        secret = secrets.token_urlsafe(8)
        wanted = Session(0, who.id, self.organisation.id, NOW, NOW, NOW + 1e6, "192.0.2.1", "Firefox")
        self.directory.add_session(wanted, token_digest(secret), AUDIT)
        client: Client = TestClient(self._app, base_url="https://amber.test")
        client.cookies.set("__Host-amber_session", secret, domain="amber.test")
        return client

    def store(self, *events: GroupedEvent, outcomes: tuple[OutcomeCount, ...] = ()) -> None:
        self.stores.events.write_events(events)
        self.stores.issues.apply(Batch(events=events, outcomes=outcomes))

    def attach(self, event_id: str, body: bytes, **about: Any) -> None:
        self.stores.blobs.put("te/st", body)
        plain = {"name": "log.txt", "content_type": "text/plain", "type": "event.attachment"}
        made = Attachment(
            id="a1", project=self.project.id, event_id=event_id, size=len(body), blob="te/st", received_at=NOON,
            **(plain | about),
        )  # fmt: skip
        self.stores.events.write_attachments([made])


@pytest.fixture
def acme(kernel: Kernel, app: Any) -> Tenancy:
    return Tenancy(kernel, app, "acme")


@pytest.fixture
def other(kernel: Kernel, app: Any, acme: Tenancy) -> Tenancy:
    return Tenancy(kernel, app, "other")


@pytest.fixture
def event() -> Callable[..., GroupedEvent]:
    def event(project: int, number: int, key: str = "aa", at: float = NOON, **data: Any) -> GroupedEvent:
        body = {"level": "error", "platform": "python", **data}
        made = Event(f"{number:032x}", project, "error", at, at, body)
        why = Grouping("stack", 1, key, "same exception in the same function", (("type", "ZeroDivisionError"),))
        return GroupedEvent(made, why, f"ZeroDivisionError: {key}", f"shop.{key}")

    return event


class Desk:
    """Stands for the kernel's desk of targets: one kind, whose settings are a URL and a secret."""

    def __init__(self) -> None:
        self.queued: list[Attempt] = []

    def types(self) -> list[TargetType]:
        return [TargetType("post", "Post", "Posts it.", (FormField("url", "Where", "text", True),))]

    def check(self, plugin: str, values: Mapping[str, Any], kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if plugin != "post":
            raise Reject(f"no running plugin delivers to {plugin!r}", status=404)
        if "url" not in values:
            raise Reject("the settings cannot be used", causes=("url: is missing",))
        secret = values.get("secret") or (kept or {}).get("secret", "")
        return {"url": values["url"], "secret": secret}

    def shown(self, target: Target) -> dict[str, Any]:
        return {**target.settings, "secret": "•••" if target.settings.get("secret") else ""}

    def address(self, target: Target) -> str:
        return f"https://amber.test/hooks/post/{target.id}-digits"

    async def test(self, target: Target, actor: str) -> Attempt:
        told = Notification("n1", "test", target.project, "shop", "Shop", f"sent by {actor}", NOON)
        return Attempt(target.id, told, 1, NOON, 0.2, "failed", "500 Oops", 7)

    async def again(self, attempt: Attempt) -> None:
        if attempt.outcome != "dead":
            raise Reject("only what was given up can be sent again", status=409)
        self.queued.append(attempt)


@pytest.fixture
def desk(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    monkeypatch.setitem(kernel.services.kernel, "targets", made)
    return made


@pytest.fixture
def attempt() -> Callable[..., Attempt]:
    def attempt(target: int, project: int, outcome: Literal["delivered", "dead"] = "dead") -> Attempt:
        told = Notification("n1", "issue.created", project, "shop", "Shop", "Boom", NOON)
        return Attempt(target, told, 8, NOON, 0.5, outcome, "410 Gone")

    return attempt
