import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from amber import hookimpl, registry
from amber.config import Settings
from amber.errors import ConfigError
from amber.plugin.manifest import read_manifest
from amber.registry import Plugin, Registry, State, discover, first_party

MANIFEST = 'name = "{name}"\ntitle = "T"\nsummary = "S"\nfamilies = ["ingest"]\n'
FIRST = SimpleNamespace(name="amber-ingest", version="1.0", read_text=lambda _: "a")
Install = Callable[..., EntryPoint]


def make_registry(monkeypatch: pytest.MonkeyPatch, settings: Settings, *entries: EntryPoint) -> Registry:
    monkeypatch.setattr(registry.importlib.metadata, "entry_points", lambda group: EntryPoints(entries))
    return Registry(settings, {})


def test_a_manifest_is_read_without_running_anything(install: Install) -> None:
    manifest = read_manifest(install("banned", code="raise AssertionError('the plugin was run')"))
    assert (manifest.name, manifest.families, manifest.order) == ("banned", ("ingest",), 100)
    assert "strange_banned" not in sys.modules


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        (None, "plugin.toml is missing"),
        ("name = ", "Invalid value"),
        (MANIFEST + "colour = 1", "unknown field `colour`"),
        (MANIFEST + "[rights]\nfly = []", "unknown field `fly`"),
        (MANIFEST + 'api = "one"', "Expected `int`"),
        ('name = "{name}"', "missing required field `title`"),
        (MANIFEST.replace("{name}", "other"), "calls it 'other'"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_explained(install: Install, manifest: str | None, problem: str) -> None:
    entry = install("p", manifest)
    with pytest.raises(ConfigError, match=problem):
        read_manifest(entry)
    [plugin] = discover(Settings(), [entry])
    assert plugin.state is State.FAILED
    assert problem in plugin.reason


def test_an_entry_point_that_names_no_module_costs_its_plugin_alone(install: Install) -> None:
    odd = EntryPoint("odd", "no-module.at-all", "amber.plugins")
    found = {
        plugin.name: plugin for plugin in discover(Settings(plugins={"p": {"enabled": True}}), [odd, install("p")])
    }
    assert (found["odd"].state, found["p"].state) == (State.FAILED, State.FOUND)
    assert "its entry point names 'no-module.at-all', which is no module" in found["odd"].reason


def test_a_package_that_is_gone_is_named(install: Install) -> None:
    with pytest.raises(ConfigError, match="package nowhere_at_all cannot be found"):
        read_manifest(EntryPoint("p", "nowhere_at_all.p", "amber.plugins"))
    with pytest.raises(ConfigError, match="is missing"):
        read_manifest(EntryPoint("p", "amber.not_there", "amber.plugins"))


def test_a_manifest_that_is_no_text_is_explained(install: Install, tmp_path: Path) -> None:
    entry = install("p")
    (tmp_path / "strange_p" / "inner" / "plugin.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="utf-8"):
        read_manifest(entry)


def test_our_own_plugins_are_on_and_strangers_are_off_unless_switched(install: Install) -> None:
    ours, theirs = install("ours", dist=FIRST), install("theirs")
    wanted, unwanted = install("wanted"), install("unwanted", dist=FIRST)
    naked = install("naked", dist=None)
    on = {"enabled": True, "isolation": "inline"}
    settings = Settings(plugins={"wanted": on, "unwanted": {"enabled": False}})
    states = {plugin.name: plugin.state for plugin in discover(settings, [ours, theirs, wanted, unwanted, naked])}
    assert states == {
        "naked": State.DISABLED,
        "ours": State.FOUND,
        "theirs": State.DISABLED,
        "unwanted": State.DISABLED,
        "wanted": State.FOUND,
    }
    assert "amber-ingest" in first_party()


def test_a_plugin_of_another_api_is_incompatible(install: Install) -> None:
    [plugin] = discover(Settings(), [install("p", MANIFEST + "api = 99", dist=FIRST)])
    assert plugin.state is State.INCOMPATIBLE
    assert plugin.reason == "it speaks plugin API 99, this Amber speaks 1"


def test_two_plugins_of_one_name_are_both_left_out(install: Install) -> None:
    entry = install("p", dist=FIRST)
    [plugin] = discover(Settings(), [entry, entry])
    assert plugin.state is State.FAILED
    assert "two distributions offer a plugin p" in plugin.reason


def test_a_configured_plugin_that_is_not_installed_is_told(install: Install) -> None:
    [plugin] = discover(Settings(plugins={"slakc": {}}), [])
    assert (plugin.state, plugin.reason) == (State.FAILED, "[plugins.slakc] is configured but not installed")


def test_only_what_may_run_is_imported(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    good = install(
        "good", code="from amber import hookimpl\n@hookimpl\ndef plugin_health():\n    return None", dist=FIRST
    )
    off = install("off", code="raise AssertionError('a disabled plugin was run')")
    broken = install("broken", code="import nothing_of_that_name", dist=FIRST)
    gone = install("gone", dist=FIRST)
    plugins = make_registry(monkeypatch, Settings(), good, off, broken, gone)
    monkeypatch.setattr("amber.registry.entry_points", lambda: [good, off, broken])
    plugins.load()
    assert [plugin.name for plugin in plugins.running()] == ["good"]
    assert plugins.manager.has_plugin("good")
    assert plugins.plugins["broken"].reason.startswith("it cannot be imported: No module named")
    assert "uninstalled" in plugins.plugins["gone"].reason
    assert "strange_off.inner" not in sys.modules


def test_a_plugin_that_ends_the_process_when_imported_does_not(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    quitter, good = install("quitter", code="import sys\nsys.exit(3)", dist=FIRST), install("zgood", dist=FIRST)
    plugins = make_registry(monkeypatch, Settings(), quitter, good)
    monkeypatch.setattr("amber.registry.entry_points", lambda: [quitter, good])
    plugins.load()
    assert [plugin.name for plugin in plugins.running()] == ["zgood"]
    assert "sys.exit(3)" in plugins.plugins["quitter"].reason


def test_enabled_must_be_true_or_false(install: Install) -> None:
    [plugin] = discover(Settings(plugins={"odd": {"enabled": "false"}}), [install("odd", dist=FIRST)])
    assert (plugin.state, plugin.reason) == (State.FAILED, "[plugins.odd] enabled must be true or false")


def module(**attributes: Any) -> ModuleType:
    made = ModuleType("made")
    vars(made).update(attributes)
    return made


@hookimpl
def no_such_hook() -> None: ...


@hookimpl
def plugin_health(surprise: Any) -> None: ...


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (module(no_such_hook=no_such_hook), "unknown hook 'no_such_hook'"),
        (module(plugin_health=plugin_health), "surprise"),
    ],
)
def test_a_plugin_that_does_not_fit_is_failed_and_out(
    monkeypatch: pytest.MonkeyPatch, made: ModuleType, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    plugins = make_registry(monkeypatch, Settings())
    plugins.add("p", made)
    assert plugins.plugins["p"].state is State.FAILED
    assert problem in plugins.plugins["p"].reason
    assert not plugins.manager.has_plugin("p")
    assert "plugin p failed" in caplog.text


def test_a_plugins_configuration_is_checked_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from msgspec import Struct

    class Config(Struct, frozen=True):
        size: int = 1

    plugins = make_registry(monkeypatch, Settings(plugins={"good": {"size": 2}, "bad": {"size": "big"}}))
    for name in ("good", "bad", "plain"):
        plugins.add(name, module(**({} if name == "plain" else {"Config": Config})))
    assert plugins.plugins["good"].config == Config(2)
    assert plugins.plugins["plain"].config is None
    assert "[plugins.bad] size" in plugins.plugins["bad"].reason
    plugins.add("good", module())
    assert plugins.plugins["good"].state is State.FAILED


def test_a_failed_plugin_offers_nothing_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = make_registry(monkeypatch, Settings())
    plugins.add("p", module())
    plugins.fail("p", "it broke")
    assert plugins.plugins["p"] == Plugin("p", "", "", State.FAILED, "it broke", None, plugins.plugins["p"].module)
    assert not plugins.manager.has_plugin("p")
