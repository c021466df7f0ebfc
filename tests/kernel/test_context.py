from pathlib import Path
from typing import Any

import pytest

from amber.errors import ConfigError, Denied
from amber.model import Fact
from amber.plugin.context import Context, Services
from amber.plugin.manifest import Manifest, Rights

pytestmark = pytest.mark.anyio
FACT = Fact("1", "issue.created", 1, 1.0, {})
NOTHING = Rights()
EVERYTHING = Rights(
    facts=("issue.created",),
    publish=("issue.created",),
    tables=("x_*",),
    roles=("issue_store",),
    kernel=("plugins",),
    hosts=("*.example.org",),
)


def make(tmp_path: Path, rights: Rights = NOTHING, **services: Any) -> Context[str]:
    given = Services(tmp_path)
    for name, value in services.items():
        setattr(given, name, value)
    return Context(Manifest("p", "P", "A plugin", ("ingest",), rights=rights), "its config", given)


async def test_what_the_manifest_does_not_ask_for_is_denied_with_the_missing_right(tmp_path: Path) -> None:
    async def publish(_: Fact) -> None: ...

    parts: dict[str, Any] = {"engine": object, "publish": publish, "listen": lambda *_: None}
    ctx = make(tmp_path, roles={"issue_store": 1}, kernel={"plugins": 1}, **parts)
    for use, right in (
        (lambda: ctx.database, "rights.tables"),
        (lambda: ctx.role("issue_store"), 'rights.roles = ["issue_store"]'),
        (lambda: ctx.kernel("plugins"), 'rights.kernel = ["plugins"]'),
        (lambda: ctx.listen(["issue.created"], print), 'rights.facts = ["issue.created"]'),
        (lambda: ctx.http, 'rights.hosts = ["<host>"]'),
    ):
        with pytest.raises(Denied, match="plugin p may not do this") as raised:
            use()
        assert right in raised.value.detail
    with pytest.raises(Denied, match=r"rights\.publish"):
        await ctx.publish(FACT)


async def test_what_the_manifest_asks_for_is_there(tmp_path: Path) -> None:
    told: list[Any] = []

    async def publish(fact: Fact) -> None:
        told.append(fact)

    ctx = make(
        tmp_path,
        EVERYTHING,
        engine=lambda plugin, tables: (plugin, tables),
        publish=publish,
        listen=lambda _, kind, callback: told.append((kind, callback)),
        roles={"issue_store": "store"},
        kernel={"plugins": "report"},
        http=lambda plugin, hosts: (plugin, hosts),
    )
    assert ctx.http == ("p", ("*.example.org",))
    assert (ctx.database, ctx.role("issue_store"), ctx.kernel("plugins")) == (
        ("p", ("x_*",)),
        "store",
        "report",
    )
    await ctx.publish(FACT)
    ctx.listen(["issue.created"], print)
    assert told == [FACT, ("issue.created", print)]
    assert (ctx.plugin, ctx.config, ctx.log.name) == ("p", "its config", "amber.plugin.p")
    assert ctx.now() > 1_700_000_000


async def test_what_this_process_does_not_have_is_named(tmp_path: Path) -> None:
    ctx = make(tmp_path, EVERYTHING)
    for use, what in (
        (lambda: ctx.database, "a database"),
        (lambda: ctx.listen(["issue.created"], print), "a bus"),
        (lambda: ctx.http, "a way out"),
        (lambda: ctx.role("issue_store"), "no plugin holds the role issue_store"),
    ):
        with pytest.raises(ConfigError, match=what):
            use()
    with pytest.raises(ConfigError, match="a bus"):
        await ctx.publish(FACT)


def test_a_plugin_has_a_folder_of_its_own(tmp_path: Path) -> None:
    ctx = make(tmp_path)
    assert ctx.data == ctx.data == tmp_path / "plugins" / "p"
    assert ctx.data.is_dir()


def test_what_a_plugin_keeps_is_made_once(tmp_path: Path) -> None:
    ctx = make(tmp_path)
    first = ctx.keep("cache", dict)
    first["a"] = 1
    assert ctx.keep("cache", dict) is first
    assert ctx.keep("other", dict) == {}
