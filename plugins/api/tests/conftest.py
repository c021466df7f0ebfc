"""The API as the kernel serves it: real plugins, real guard, real stores on SQLite; no bus."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from amber.model import Attachment, AuditEntry, Batch, Event, GroupedEvent, Grouping, Project, Token, new_token
from amber.testing.running import Kernel, app, kernel, session_kernel

__all__ = ["app", "kernel", "session_kernel"]
AUDIT = AuditEntry(0, "test", "test", "", 1.0)
NOON = 1_700_000_000.0
Client = TestClient[Any]


class Tenancy:
    """One organisation with a project, and a client for each token asked for."""

    def __init__(self, kernel: Kernel, app: Any, slug: str) -> None:
        self._app, self.stores = app, kernel.stores
        self.directory = kernel.stores.directory
        self.organisation = self.directory.add_organisation(slug, slug.title(), AUDIT)
        self.project: Project = self.directory.add_project(self.organisation.id, "shop", "Shop", "python", AUDIT)

    def client(self, *scopes: str, project: int | None = None) -> Client:
        secret, digest = new_token()
        wanted = Token(0, self.organisation.id, project, "test", secret[-4:], scopes, NOON)
        self.directory.add_token(wanted, digest, AUDIT)
        client: Client = TestClient(self._app)
        client.headers["authorization"] = f"Bearer {secret}"
        return client

    def store(self, *events: GroupedEvent) -> None:
        self.stores.events.write_events(events)
        self.stores.issues.apply(Batch(events=events))

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
