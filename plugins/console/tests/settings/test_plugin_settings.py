"""The settings of plugins in the console: forms made from their `Config`, in three places."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from amber import Secret
from amber.model import FormField, SettingField, SettingForm
from amber.testing.guests import guest, leave
from amber.testing.running import Kernel
from amber_console.home.settings.forms import Form
from amber_console.home.settings.plugin_settings import Entry, typed

__all__ = ["guest", "leave"]
ATTACK = "\"'><script>alert(1)</script>"
Guest = Callable[..., Path]


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """What the guest can be set to."""

    host: Annotated[str, Meta(description=f"Where to {ATTACK}")] = "localhost"
    token: Secret = Secret()
    mode: Literal["fast", "slow"] = "fast"
    is_loud: bool = True
    words: tuple[str, ...] = ("a", "b")


@pytest.fixture(autouse=True)
def settle(kernel: Kernel, guest: Guest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Without a bus nobody starts plugins anew; what is set is read all the same."""
    from msgspec.structs import replace

    desk = kernel.services.kernel["settings"]
    monkeypatch.setattr(desk, "_parts", replace(desk._parts, settle=kernel.read_settings))
    scopes = type(kernel.registry.plugins["limits"].manifest.settings)(  # type: ignore[union-attr]  # it has one
        organisation=("host", "token", "is_loud"), project=("token", "words", "mode")
    )
    guest(config=Config, told={"settings": scopes})


PLACES = ["/plugins/guest/settings", "/organisation/plugins", "/projects/shop/plugins"]


@pytest.mark.parametrize("path", PLACES)
def test_what_was_set_stands_in_the_form_and_what_holds_beside_it(staff: Any, send: Any, path: str) -> None:
    browser = staff["superuser"]
    page = browser.get(path).text
    assert "guest/settings" in page
    assert "<script>alert" not in page
    post = path if path.startswith("/plugins") else f"{path}/guest/settings"
    answer = send(browser, post, **{"setting-token": "sesame", "setting-is_loud": "off", "setting-mode": "slow"})
    assert answer.status_code == 303, answer.text
    page = browser.get(path).text
    assert "sesame" not in page
    assert "kept; type to replace" in page


def test_the_log_tells_that_a_setting_was_changed_and_not_to_what(staff: Any, send: Any) -> None:
    send(
        staff["admin"],
        "/organisation/plugins/guest/settings",
        **{"setting-host": "mail.test", "setting-token": "sesame"},
    )
    page = staff["admin"].get("/audit").text
    assert "changed the settings of the plugin" in page
    assert "mail.test" not in page
    assert "sesame" not in page


def test_a_field_left_empty_takes_back_what_was_set(staff: Any, send: Any) -> None:
    browser, path = staff["admin"], "/organisation/plugins/guest/settings"
    send(browser, path, **{"setting-host": "<b>mine.test", "setting-token": "sesame"})
    assert 'value="&lt;b&gt;mine.test"' in browser.get("/organisation/plugins").text
    send(browser, path, **{"setting-host": ""})
    page = browser.get("/organisation/plugins").text
    assert "mine.test" not in page
    assert "kept; type to replace" in page  # a secret stays until it is taken away
    send(browser, path, **{"remove-token": "on"})
    assert "kept; type to replace" not in browser.get("/organisation/plugins").text


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        ("/plugins/guest/settings", "owner", 403),
        ("/organisation/plugins", "member", 403),
        ("/projects/shop/plugins", "member", 403),
        ("/projects/shop/plugins", "admin", 200),
        ("/organisation/plugins", "admin", 200),
        ("/projects/nobodys/plugins", "owner", 404),
    ],
)
def test_each_place_is_for_those_who_look_after_it(staff: Any, path: str, who: str, status: int) -> None:
    assert staff[who].get(path).status_code == status


def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_lost(staff: Any, send: Any, kernel: Kernel) -> None:
    answer = send(
        staff["superuser"], "/plugins/guest/settings", **{"setting-mode": "odd", "setting-host": "typed.test"}
    )
    assert answer.status_code == 400
    assert "typed.test" in answer.text
    assert "Invalid enum value" in answer.text
    assert kernel.stores.directory.plugin_settings() == ()


def test_a_token_of_one_project_sets_nothing_for_its_organisation(acme: Any) -> None:
    token = acme.program("org:admin", project=acme.project.id)
    assert token.get("/organisation/plugins").status_code == 403


def test_the_list_of_plugins_leads_to_what_can_be_set(staff: Any) -> None:
    assert 'href="/plugins/guest/settings"' in staff["superuser"].get("/plugins").text
    assert 'href="/plugins/guest/settings"' not in staff["owner"].get("/plugins").text
    assert staff["superuser"].get("/plugins/stack/settings").status_code == 404


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (
            SettingField(FormField("a", "", "list", False), None, [{"key": "<b>"}], True),
            '[\n  {\n    "key": "<b>"\n  }\n]',
        ),
        (SettingField(FormField("a", "", "text", False), None, {"key": 1}), '{\n  "key": 1\n}'),
        (SettingField(FormField("a", "", "text", False), {"key": 2}, {"key": 1}), '{\n  "key": 2\n}'),
    ],
)
def test_tables_are_shown_and_left_alone_by_forms(one: SettingField, shown: str) -> None:
    entry = Entry(one, "", "default")
    assert (entry.is_table, entry.inherited) == (True, shown)
    assert typed(Form({"setting-a": ("x",)}), SettingForm("p", "P", "", (one,))) == {}


@pytest.mark.parametrize("value", ["text", ["a", "b"], [], None, 3, True])
def test_what_fits_a_line_is_no_table(value: Any) -> None:
    assert not Entry(SettingField(FormField("a", "", "text", False), None, value), "", "default").is_table
