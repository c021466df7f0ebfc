"""The pages as the kernel serves them: real plugins, real guard, real stores on SQLite; no bus."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest
from litestar.testing import TestClient

from amber.model import (
    AuditEntry,
    Batch,
    Event,
    GroupedEvent,
    Grouping,
    Member,
    Role,
    Session,
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
COOKIE = "__Host-amber_session"


class Home:
    """An organisation with one project and its owner, who is called Ann; browsers for whoever looks."""

    def __init__(self, kernel: Kernel, app: Any, slug: str) -> None:
        self._app, self.stores = app, kernel.stores
        self.directory, self.slug = kernel.stores.directory, slug
        self.organisation = self.directory.add_organisation(slug, slug.title(), AUDIT)
        self.project = self.directory.add_project(self.organisation.id, "shop", "Shop", "python", AUDIT)
        self.owner = self.joined("ann", "owner").user

    def joined(self, name: str, role: Role, is_superuser: bool = False) -> Member:
        """A new member, with the address `<name>@<slug>.test`."""
        wanted = User(0, f"{name}@{self.slug}.test", name.title(), "", NOON, is_superuser)
        made = self.directory.add_user(wanted, AUDIT)
        return self.directory.add_member(self.organisation.id, made.id, role, AUDIT)

    def browser(self, user: User | None = None) -> TestClient[Any]:
        """A browser in which this person, or else the owner, is logged in."""
        now, secret = time.time(), secrets.token_urlsafe(32)
        who = (user or self.owner).id
        session = Session(0, who, self.organisation.id, now, now, now + 3600, "127.0.0.1", "a browser")
        self.directory.add_session(session, token_digest(secret), AUDIT)
        return self._client("cookie", f"{COOKIE}={secret}")

    def program(self, *scopes: str, project: int | None = None) -> TestClient[Any]:
        secret, digest = new_token()
        self.directory.add_token(Token(0, self.organisation.id, project, "", "", scopes, NOON), digest, AUDIT)
        return self._client("authorization", f"Bearer {secret}")

    def _client(self, header: str, value: str) -> TestClient[Any]:
        client: TestClient[Any] = TestClient(self._app)
        client.headers[header] = value
        return client

    def happened(self, number: int, title: str = "Error: no", project: int = 0, at: float = NOON, **data: Any) -> None:
        """Store an event that makes the issue `title`."""
        home = project or self.project.id
        made = Event(UUID(int=number).hex, home, "error", at, at, {"level": "error", **data})
        why = Grouping("stack", 1, title.encode().hex(), "same exception in the same function")
        grouped = GroupedEvent(made, why, title, data.get("culprit", "shop.cart"))
        self.stores.events.write_events([grouped])
        self.stores.issues.apply(Batch(events=(grouped,)))

    def counted(self, number: int) -> None:
        """Count an event whose body is not kept."""
        why = Grouping("stack", 1, "ee", "")
        made = Event(UUID(int=number).hex, self.project.id, "error", NOON, NOON, {})
        self.stores.issues.apply(Batch(events=(GroupedEvent(made, why, "Error: gone", ""),)))


@pytest.fixture
def acme(kernel: Kernel, app: Any) -> Home:
    return Home(kernel, app, "acme")


@pytest.fixture
def other(kernel: Kernel, app: Any, acme: Home) -> Home:
    return Home(kernel, app, "other")


@pytest.fixture
def stranger(app: Any) -> TestClient[Any]:
    return TestClient(app)


@pytest.fixture
def staff(acme: Any) -> Mapping[str, Any]:
    """A browser of each role: Mia the member, Ada the admin, Ann the owner and Sue the superuser."""
    people = {
        "member": acme.joined("mia", "member"),
        "admin": acme.joined("ada", "admin"),
        "superuser": acme.joined("sue", "owner", is_superuser=True),
    }
    return {"owner": acme.browser()} | {role: acme.browser(one.user) for role, one in people.items()}


@pytest.fixture
def send() -> Callable[..., Any]:
    """Post a form and answer what came first, without following it."""

    def send(client: Any, path: str, **form: str | list[str]) -> Any:
        return client.post(path, data=form, follow_redirects=False)

    return send
