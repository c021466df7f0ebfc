"""The pages as the kernel serves them: real plugins, real guard, real stores on SQLite; no bus."""

from base64 import b64encode
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from litestar.testing import TestClient

from amber.model import AuditEntry, Batch, Event, GroupedEvent, Grouping, Token, User, new_token
from amber.testing.running import Kernel, app, kernel, session_kernel

__all__ = ["app", "kernel", "session_kernel"]
AUDIT = AuditEntry(0, "test", "test", "", 1.0)
NOON = 1_700_000_000.0
PASSWORD = "correct horse battery"


class Home:
    """An organisation with one project, its owner, and a browser for whoever looks."""

    def __init__(self, kernel: Kernel, app: Any, slug: str) -> None:
        self._app, self._stores = app, kernel.stores
        self.directory, self.slug = kernel.stores.directory, slug
        self.organisation = self.directory.add_organisation(slug, slug.title(), AUDIT)
        self.project = self.directory.add_project(self.organisation.id, "shop", "Shop", "python", AUDIT)
        weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        owner = User(0, self.organisation.id, f"ann@{slug}.test", "", "owner", weak, NOON)
        self.directory.add_user(owner, AUDIT)

    def browser(self, password: str = PASSWORD) -> TestClient[Any]:
        shown = b64encode(f"ann@{self.slug}.test:{password}".encode()).decode()
        return self._client(f"Basic {shown}")

    def program(self, *scopes: str, project: int | None = None) -> TestClient[Any]:
        secret, digest = new_token()
        self.directory.add_token(Token(0, self.organisation.id, project, "", "", scopes, NOON), digest, AUDIT)
        return self._client(f"Bearer {secret}")

    def _client(self, authorization: str) -> TestClient[Any]:
        client: TestClient[Any] = TestClient(self._app)
        client.headers["authorization"] = authorization
        return client

    def happened(self, number: int, title: str = "Error: no", project: int = 0, at: float = NOON, **data: Any) -> None:
        """Store an event that makes the issue `title`."""
        home = project or self.project.id
        made = Event(UUID(int=number).hex, home, "error", at, at, {"level": "error", **data})
        why = Grouping("stack", 1, title.encode().hex(), "same exception in the same function")
        grouped = GroupedEvent(made, why, title, data.get("culprit", "shop.cart"))
        self._stores.events.write_events([grouped])
        self._stores.issues.apply(Batch(events=(grouped,)))

    def counted(self, number: int) -> None:
        """Count an event whose body is not kept."""
        why = Grouping("stack", 1, "ee", "")
        made = Event(UUID(int=number).hex, self.project.id, "error", NOON, NOON, {})
        self._stores.issues.apply(Batch(events=(GroupedEvent(made, why, "Error: gone", ""),)))


@pytest.fixture
def acme(kernel: Kernel, app: Any) -> Home:
    return Home(kernel, app, "acme")


@pytest.fixture
def other(kernel: Kernel, app: Any, acme: Home) -> Home:
    return Home(kernel, app, "other")


@pytest.fixture
def stranger(app: Any) -> TestClient[Any]:
    return TestClient(app)
