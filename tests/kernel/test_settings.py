"""What people set for plugins: who inherits what, what is refused, and that no secret is ever shown."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct, structs

from amber import Secret
from amber.cli.secrets import reseal
from amber.config import Settings
from amber.errors import Reject
from amber.model import AuditEntry, PluginSettings, Project, SettingField, SettingPlace
from amber.plugin.manifest import Scopes
from amber.registry import State
from amber.tables.vault import Vault, is_sealed, new_key
from amber.testing.guests import guest, leave
from amber.testing.running import Kernel, context, kernel, session_kernel

__all__ = ["guest", "kernel", "leave", "session_kernel"]
AUDIT = AuditEntry(0, "user:1", "settings.change", "", 1.0)
EVERYWHERE = SettingPlace()
Guest = Callable[..., Path]


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """What the guest can be set to."""

    host: Annotated[str, Meta(description="Where to")] = "localhost"
    port: Annotated[int, Meta(ge=0, le=65535)] = 25
    token: Secret = Secret()
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.host == "nowhere" and self.port:
            raise ValueError("host: nowhere has no port")


@pytest.fixture
def shop(kernel: Kernel) -> Project:
    directory = kernel.stores.directory
    home = directory.add_organisation("acme", "Acme", AUDIT)
    return directory.add_project(home.id, "shop", "Shop", "python", AUDIT)


@pytest.fixture
def set_up(kernel: Kernel, guest: Guest, leave: Callable[[], None]) -> Any:
    scopes = Scopes(organisation=("enabled", "host", "port", "token"), project=("enabled", "port", "token", "words"))
    guest(config=Config, told={"settings": scopes})

    def change(place: SettingPlace = EVERYWHERE, **values: Any) -> None:
        desk = kernel.services.kernel["settings"]
        parts = structs.replace(desk._parts, settle=kernel.read_settings)  # switching is tried elsewhere
        desk = type(desk)(parts)
        asyncio.run(desk.change("guest", values, place, AUDIT))

    yield change
    asyncio.run(kernel.read_settings())


def field(kernel: Kernel, name: str, place: SettingPlace = EVERYWHERE) -> SettingField:
    form = kernel.services.kernel["settings"].form("guest", place)
    return next(one for one in form.fields if one.field.name == name)


def held(kernel: Kernel, project: Project) -> Config:
    found: Config = context(kernel, "guest").settings(project)
    return found


def test_a_project_inherits_from_its_organisation_and_that_from_the_installation(
    kernel: Kernel, set_up: Any, shop: Project
) -> None:
    home, mine = SettingPlace(shop.organisation), SettingPlace(shop.organisation, shop.id)
    assert held(kernel, shop) is context(kernel, "guest").config
    set_up(home, port=587, host="mail")
    assert (held(kernel, shop).port, held(kernel, shop).host) == (587, "mail")
    set_up(mine, port="465", words="a\n b \n")
    assert (held(kernel, shop).port, held(kernel, shop).host, held(kernel, shop).words) == (465, "mail", ("a", "b"))
    assert field(kernel, "port", mine).inherited == 587
    assert field(kernel, "port", mine).value == 465
    set_up(mine, port=None)
    assert held(kernel, shop).port == 587
    assert held(kernel, structs.replace(shop, id=99, organisation=99)).port == 25


def test_an_organisation_or_a_project_does_without_a_plugin(kernel: Kernel, set_up: Any, shop: Project) -> None:
    home, mine = SettingPlace(shop.organisation), SettingPlace(shop.organisation, shop.id)
    does_without = kernel.dispatcher.is_off
    set_up(home, enabled=False)
    assert does_without("guest", shop.organisation, shop.id)
    assert does_without("guest", shop.organisation, None)
    assert not does_without("guest", shop.organisation + 1, None)
    assert field(kernel, "enabled", mine).inherited is False
    set_up(mine, enabled="on", port="465")
    assert not does_without("guest", shop.organisation, shop.id)
    assert does_without("guest", shop.organisation, None)
    assert held(kernel, shop).port == 465, "the switch is no part of its Config"
    set_up(mine, enabled=None, port=None)
    set_up(home, enabled=None)
    assert not does_without("guest", shop.organisation, shop.id)
    assert held(kernel, shop).port != 465


def test_a_plugin_that_does_not_say_so_cannot_be_switched_off_by_an_organisation(
    kernel: Kernel, guest: Guest, shop: Project
) -> None:
    guest(config=Config, told={"settings": Scopes(organisation=("port",))})
    desk, home = kernel.services.kernel["settings"], SettingPlace(shop.organisation)
    with pytest.raises(Reject) as refusal:
        asyncio.run(desk.change("guest", {"enabled": False}, home, AUDIT))
    assert refusal.value.causes == ("enabled: cannot be set here",)
    kernel.overrides.take([PluginSettings("guest", {"enabled": False}, organisation=shop.organisation)])
    assert not kernel.dispatcher.is_off("guest", shop.organisation, shop.id), "its manifest used to say so"
    asyncio.run(kernel.read_settings())


def test_a_plugin_without_settings_can_be_switched_off_where_it_says_so(
    kernel: Kernel, guest: Guest, shop: Project
) -> None:
    guest(told={"settings": Scopes(organisation=("enabled",))})
    form = kernel.services.kernel["settings"].form("guest", SettingPlace(shop.organisation))
    assert [(one.field.name, one.field.kind, one.inherited) for one in form.fields] == [("enabled", "boolean", True)]
    with pytest.raises(Reject):
        kernel.services.kernel["settings"].form("guest", EVERYWHERE)


def test_what_holds_for_a_project_is_the_same_object_until_it_changes(
    kernel: Kernel, set_up: Any, shop: Project
) -> None:
    set_up(SettingPlace(shop.organisation), port=587)
    first = held(kernel, shop)
    assert held(kernel, shop) is first
    set_up(SettingPlace(shop.organisation), port=588)
    assert held(kernel, shop) is not first


def test_only_what_the_manifest_lists_can_be_set_below_the_installation(
    kernel: Kernel, set_up: Any, shop: Project
) -> None:
    mine = SettingPlace(shop.organisation, shop.id)
    assert [one.field.name for one in kernel.services.kernel["settings"].form("guest", mine).fields] == [
        "enabled", "port", "token", "words",
    ]  # fmt: skip
    with pytest.raises(Reject) as refusal:
        set_up(mine, host="mine")
    assert refusal.value.causes == ("host: cannot be set here",)


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"port": "many"}, "port: expected `int`, got `str`"),
        ({"port": 70000}, "port: expected `int` <= 65535"),
        ({"nothing": 1}, "nothing: cannot be set here"),
        ({"host": "nowhere"}, "host: nowhere has no port"),
        ({"words": 5}, "words: expected `array`, got `int`"),
    ],
)
def test_what_the_plugin_cannot_be_is_refused_with_the_field(
    kernel: Kernel, set_up: Any, values: dict[str, Any], cause: str
) -> None:
    with pytest.raises(Reject) as refusal:
        set_up(**values)
    assert refusal.value.causes == (cause,)
    assert kernel.stores.directory.plugin_settings() == ()


def test_what_amber_toml_sets_is_pinned(kernel: Kernel, set_up: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel.registry, "_settings", Settings(plugins={"guest": {"port": 2525}}))
    assert field(kernel, "port").is_pinned
    with pytest.raises(Reject) as refusal:
        set_up(port=1, host="mail")
    assert refusal.value.causes == ("port: is set in amber.toml",)
    set_up(host="mail")
    stored = kernel.registry.stored["guest"]
    assert kernel.registry.config_of("guest", stored) == Config(host="mail", port=2525)


def test_a_secret_is_sealed_and_never_shown_again(kernel: Kernel, set_up: Any, shop: Project) -> None:
    home, mine = SettingPlace(shop.organisation), SettingPlace(shop.organisation, shop.id)
    set_up(home, token="sesame-opens")
    [row] = kernel.stores.directory.plugin_settings()
    assert is_sealed(row.values["token"])
    assert "sesame" not in repr(kernel.stores.directory.audit_log(0).items)
    for place in (home, mine, SettingPlace()):
        assert "sesame" not in repr(kernel.services.kernel["settings"].form("guest", place))
    assert field(kernel, "token", home).is_kept
    assert not field(kernel, "token", mine).is_kept
    assert field(kernel, "token", mine).inherited == "•••"
    assert held(kernel, shop).token == "sesame-opens"
    assert "sesame" not in repr(held(kernel, shop))


def test_secrets_are_sealed_anew_when_the_keys_rotate(kernel: Kernel, set_up: Any, shop: Project) -> None:
    set_up(SettingPlace(shop.organisation), token="sesame-opens", port=1)
    old, new = kernel.sender.vault, new_key()
    [before] = kernel.stores.directory.plugin_settings()
    vault = Vault([new, *(key for key in (kernel.data / "secrets.key").read_text().split())])
    assert reseal(kernel.stores.directory, vault) == 1
    assert reseal(kernel.stores.directory, vault) == 0
    [after] = kernel.stores.directory.plugin_settings()
    assert Vault([new]).open(after.values["token"]) == old.open(before.values["token"]) == "sesame-opens"
    assert after.values["port"] == 1


def test_settings_a_plugin_cannot_use_any_more_are_passed_over(
    kernel: Kernel, set_up: Any, shop: Project, caplog: pytest.LogCaptureFixture
) -> None:
    row = {"port": "what another version took", "gone": 1}
    settings = kernel.stores.directory.set_plugin_settings
    settings(PluginSettings("guest", row, project=shop.id), AUDIT)
    asyncio.run(kernel.read_settings())
    assert held(kernel, shop).port == 25
    assert "settings of plugin guest cannot be used" in caplog.text
    assert kernel.registry.config_of("guest", {"gone": 1, "port": 26}) == Config(port=26)


class Needy(Struct, frozen=True):
    """A plugin that cannot do without a token."""

    token: Secret


def test_a_plugin_that_lacks_something_can_be_given_it(kernel: Kernel, guest: Guest) -> None:
    guest(config=Needy)
    assert kernel.registry.plugins["guest"].state is State.FAILED
    desk = kernel.services.kernel["settings"]
    desk = type(desk)(structs.replace(desk._parts, settle=kernel._heed_settings))
    asyncio.run(desk.change("guest", {"token": "sesame"}, SettingPlace(), AUDIT))
    assert kernel.registry.config_of("guest", kernel.registry.stored["guest"]).token == "sesame"


def test_a_plugin_that_holds_a_role_is_set_up_in_the_file_alone(
    kernel: Kernel, set_up: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(kernel.dispatcher.holders, "a_store", "guest")
    with pytest.raises(Reject, match=r"stand in amber\.toml alone") as refusal:
        set_up(port=1)
    assert refusal.value.status == 409


def test_where_there_is_nothing_to_set_there_is_no_form(kernel: Kernel, guest: Guest) -> None:
    guest()
    desk = kernel.services.kernel["settings"]
    assert "guest" not in [form.plugin for form in desk.forms()]
    for name in ("guest", "nobody"):
        with pytest.raises(Reject) as refusal:
            desk.form(name)
        assert refusal.value.status == 404
