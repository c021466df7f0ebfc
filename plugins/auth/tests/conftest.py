"""Each plugin with the context the kernel hands it, on real stores in SQLite, and browsers in front of their routes."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from amber import Context
from amber.model import AuditEntry, Directory, Organisation, Project, Role, User
from amber.testing.running import Kernel, app, context, kernel, session_kernel
from amber_auth.password.hashing import hash_password

# It is one of pytest's own plugins in other test folders, which must not find it imported plainly.
pytest.register_assert_rewrite("amber.testing.postgres")

from amber.testing.postgres import postgres, postgres_url  # noqa: E402 - after the line above

__all__ = ["app", "kernel", "postgres", "postgres_url", "session_kernel"]
AUDIT = AuditEntry(0, "test", "test", "", 1.0)
RIGHT = "correct horse battery"
Browser = TestClient[Any]


@pytest.fixture
def directory(kernel: Kernel) -> Directory:
    return kernel.stores.directory


@pytest.fixture
def contexts(kernel: Kernel) -> Callable[[str], Context[Any]]:
    return lambda plugin: context(kernel, plugin)


@pytest.fixture
def organisation(directory: Directory) -> Organisation:
    return directory.add_organisation("acme", "Acme", AUDIT)


@pytest.fixture
def project(directory: Directory, organisation: Organisation) -> Project:
    return directory.add_project(organisation.id, "shop", "Shop", "python", AUDIT)


@pytest.fixture(scope="session")
def right_hash() -> str:
    return hash_password(RIGHT)


@pytest.fixture
def person(directory: Directory, organisation: Organisation, right_hash: str) -> Callable[..., User]:
    """Makes people of the organisation whose password is `RIGHT`."""

    def person(name: str, role: Role = "member", home: int = organisation.id, is_superuser: bool = False) -> User:
        wanted = User(0, f"{name}@shop.test", name.title(), right_hash, 1.0, is_superuser)
        made = directory.add_user(wanted, AUDIT)
        directory.add_member(home, made.id, role, AUDIT)
        return made

    return person


@pytest.fixture
def browser(app: Any, kernel: Kernel) -> Callable[[], Browser]:
    """Opens a browser without cookies."""
    return lambda: TestClient(app, base_url="https://amber.test")


@pytest.fixture
def log_in(browser: Callable[[], Browser]) -> Callable[..., Browser]:
    """Opens a browser and logs somebody in."""

    def log_in(who: User, password: str = RIGHT) -> Browser:
        opened = browser()
        form = {"method": "password", "email": who.email, "password": password}
        answer = opened.post("/login", data=form, follow_redirects=False)
        assert answer.headers["location"] == "/issues"
        return opened

    return log_in


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the plugins' clock."""
    return lambda now: monkeypatch.setattr(Context, "now", staticmethod(lambda: now))
