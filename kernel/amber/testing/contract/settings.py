"""What every directory promises about the settings of plugins."""

from functools import partial

import pytest

from amber.model import Directory, IssueStore, PluginSettings
from amber.testing.attempts import at_once, refusal
from amber.testing.contract.tenants import Tenants
from amber.testing.stores import HOSTILE_TEXTS, audit, facts_of

SEALED = {"sealed": "gAAAA"}


class SettingsContract(Tenants):
    """Fixtures: `directory`, an empty one, and the `issue_store` beside it."""

    @pytest.fixture
    def shop(self, directory: Directory, acme: int) -> int:
        return directory.add_project(acme, "shop", "Shop", "python", audit()).id

    def test_each_place_has_settings_of_its_own(self, directory: Directory, acme: int, shop: int) -> None:
        assert directory.plugin_settings() == ()
        rows = (
            PluginSettings("mail", {"port": 25, "password": SEALED}),
            PluginSettings("mail", {"port": 587}, organisation=acme),
            PluginSettings("mail", {"hosts": ["a", None], "port": 1.5}, project=shop),
            PluginSettings("other", {text: text for text in HOSTILE_TEXTS}),
        )
        for row in rows:
            directory.set_plugin_settings(row, audit())
        found = directory.plugin_settings()
        assert len(found) == 4
        assert all(row in found for row in rows)

    def test_settings_are_replaced_whole_and_go_when_they_are_empty(self, directory: Directory) -> None:
        directory.set_plugin_settings(PluginSettings("mail", {"port": 25, "host": "a"}), audit())
        directory.set_plugin_settings(PluginSettings("mail", {"port": 26}), audit())
        assert directory.plugin_settings() == (PluginSettings("mail", {"port": 26}),)
        directory.set_plugin_settings(PluginSettings("mail", {}), audit())
        assert directory.plugin_settings() == ()

    def test_the_log_names_what_changed_and_holds_no_value(self, directory: Directory) -> None:
        directory.set_plugin_settings(PluginSettings("mail", {"port": 25, "password": SEALED, "tls": 1}), audit())
        directory.set_plugin_settings(PluginSettings("mail", {"port": 26, "tls": 1}), audit())
        second, first = directory.audit_log(0).items
        assert first.subject == second.subject == "plugin:mail"
        assert first.after.keys() == {"port", "password", "tls"}
        assert second.before.keys() == {"port", "password"}
        assert second.after.keys() == {"port"}
        assert "gAAAA" not in repr((first, second))
        assert "25" not in repr((first.after, second.before))

    def test_every_process_hears_of_a_change(self, directory: Directory, issue_store: IssueStore) -> None:
        row = PluginSettings("mail", {"port": 25})
        directory.set_plugin_settings(row, audit())
        directory.set_plugin_settings(row, audit())
        [told] = facts_of(issue_store, 0, "settings.changed")
        assert told.data == {"plugin": "mail"}
        assert len(directory.audit_log(0).items) == 1

    def test_nothing_is_set_where_there_is_nothing(self, directory: Directory) -> None:
        for row in (PluginSettings("mail", {"a": 1}, project=99), PluginSettings("mail", {"a": 1}, organisation=99)):
            assert refusal(partial(directory.set_plugin_settings, row, audit())).status == 404
        assert directory.plugin_settings() == ()

    def test_of_many_who_set_the_same_one_holds(self, directory: Directory) -> None:
        rows = [PluginSettings("mail", {"port": number}) for number in range(4)]
        assert at_once(*(partial(directory.set_plugin_settings, row, audit()) for row in rows)) == [200] * 4
        [kept] = directory.plugin_settings()
        assert kept in rows
