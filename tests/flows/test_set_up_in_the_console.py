"""Somebody sets a plugin up in the console, on a real PostgreSQL: its secrets come to the plugin and to nobody else."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from litestar.testing import TestClient
from msgspec import Meta, Struct, structs
from sqlalchemy import text

from amber import Secret
from amber.cli.secrets import reseal
from amber.config import DatabaseConfig, Server, Settings
from amber.model import AuditEntry, Fragment, Project, Session, SettingPlace, UiPage, User, token_digest
from amber.plugin.manifest import Rights, Scopes
from amber.running.app import Applications
from amber.running.health import Health
from amber.tables.vault import Vault, new_key
from amber.testing.guests import guest, leave
from amber.testing.running import Kernel
from amber.watching.status import Board

pytestmark = pytest.mark.measured

__all__ = ["guest", "leave"]
AUDIT = AuditEntry(0, "test", "test", "", 1.0)
PLACES = {
    "/plugins/guest/settings": "sesame-everywhere",
    "/organisation/plugins/guest/settings": "sesame-of-acme",
    "/projects/shop/plugins/guest/settings": "sesame-of-the-shop",
}


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """What the guest can be set to."""

    host: Annotated[str, Meta(description="Where reports go")] = "localhost"
    token: Secret = Secret()


@pytest.fixture
def kernel(postgres_url: str, tmp_path: Path) -> Iterator[Kernel]:
    """All that comes with Amber, on PostgreSQL."""
    server, database = Server(public_url="https://amber.test"), DatabaseConfig(url=postgres_url)
    made = Kernel(Settings(server=server, database=database), tmp_path / "data", {})
    asyncio.run(made.start())
    yield made
    asyncio.run(made.stop())


@pytest.fixture
def shop(kernel: Kernel) -> Project:
    directory = kernel.stores.directory
    home = directory.add_organisation("acme", "Acme", AUDIT)
    return directory.add_project(home.id, "shop", "Shop", "python", AUDIT)


@pytest.fixture
def browser(kernel: Kernel, shop: Project) -> TestClient[Any]:
    """The browser of whoever looks after the installation."""
    directory, now, secret = kernel.stores.directory, time.time(), secrets.token_urlsafe(32)
    owner = directory.add_user(User(0, "ann@acme.test", "Ann", "", now, is_superuser=True), AUDIT)
    directory.add_member(shop.organisation, owner.id, "owner", AUDIT)
    session = Session(0, owner.id, shop.organisation, now, now, now + 3600, "127.0.0.1", "a browser")
    directory.add_session(session, token_digest(secret), AUDIT)
    app = asyncio.run(Applications(kernel, Health(kernel, Board(), "test"), "0").settle())
    client: TestClient[Any] = TestClient(app)
    client.headers["cookie"] = f"__Host-amber_session={secret}"
    return client


def read_others(ctx: Any) -> Fragment:
    with ctx.database.connect() as connection:
        connection.execute(text("SELECT * FROM plugin_settings"))
    return Fragment("read")


def seen(browser: TestClient[Any]) -> str:
    """Whatever the console and the API show of the plugin's settings."""
    pages = [*PLACES, "/plugins", "/organisation/plugins", "/projects/shop/plugins", "/organisation/audit"]
    return "".join(browser.get(path).text for path in pages)


@pytest.fixture
def ctx(kernel: Kernel, guest: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a stranger's plugin is handed, which has settings, secrets, tables and a page."""
    desk = kernel.services.kernel["settings"]
    # no bus, so nobody starts the plugin anew: what is set is read all the same
    monkeypatch.setattr(desk, "_parts", structs.replace(desk._parts, settle=kernel.read_settings))
    page = UiPage("report", "Report", lambda request, ctx: read_others(ctx))
    told = {"settings": Scopes(organisation=("token",), project=("token",)), "rights": Rights(tables=("guest_*",))}
    guest(config=Config, told=told, ui_pages=lambda ctx: [page])
    return kernel.dispatcher.contexts["guest"]


@pytest.fixture
def given(browser: TestClient[Any], ctx: Any) -> None:
    """A secret is entered for the installation, the organisation and the project."""
    for path, secret in PLACES.items():
        answer = browser.post(path, data={"setting-token": secret}, follow_redirects=False)
        assert answer.status_code == 303, answer.text


def test_secrets_reach_the_plugin_and_neither_browser_nor_log_nor_table(
    kernel: Kernel, browser: TestClient[Any], shop: Project, ctx: Any, caplog: pytest.LogCaptureFixture, request: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    request.getfixturevalue("given")
    other = kernel.stores.directory.add_project(shop.organisation, "till", "Till", "python", AUDIT)
    assert (ctx.settings(shop).token, ctx.settings(other).token) == ("sesame-of-the-shop", "sesame-of-acme")
    with kernel.engine().connect() as connection:
        rows = connection.execute(text("SELECT * FROM plugin_settings")).all()
        noted = connection.execute(text("SELECT * FROM audit_log")).all()
    assert len(rows) == 3
    for place in (repr(rows), repr(noted), seen(browser), caplog.text, repr(ctx.settings(shop))):
        assert "sesame" not in place
    assert "kept; type to replace" in browser.get("/projects/shop/plugins").text


@pytest.mark.usefixtures("given")
def test_secrets_outlive_their_key_once_they_are_sealed_with_the_next(
    kernel: Kernel, shop: Project, ctx: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault([new := new_key(), *(kernel.data / "secrets.key").read_text().split()])
    assert (reseal(kernel.stores.directory, vault), reseal(kernel.stores.directory, vault)) == (3, 0)
    monkeypatch.setattr(kernel.sender, "vault", Vault([new]))
    asyncio.run(kernel.read_settings())
    assert ctx.settings(shop).token == "sesame-of-the-shop"
    form = kernel.services.kernel["settings"].form("guest", SettingPlace(shop.organisation, shop.id))
    assert form.fields[0].is_kept


@pytest.mark.usefixtures("ctx")
def test_a_page_that_reaches_for_ambers_own_tables_is_refused_and_counted(
    kernel: Kernel, browser: TestClient[Any]
) -> None:
    assert browser.get("/pages/guest/report").status_code >= 400
    [row] = [one for one in kernel.report() if one["name"] == "guest"]
    assert (row["refused"], 'lacks rights.tables = ["plugin_settings"]' in row["last_error"]) == (1, True)
    assert "once</span> it wanted what it has no right to" in browser.get("/plugins").text
