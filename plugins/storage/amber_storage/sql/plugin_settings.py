"""The directory's settings of plugins."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, select

from amber.model import AuditEntry, PluginSettings
from amber_storage.sql.audit import HIDDEN, write_audit
from amber_storage.sql.entries import Part, need
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import organisations, plugin_settings, projects
from amber_storage.sql.transactions import upsert

NOBODY = 0
"""Stands in the table where a setting is of no organisation, or of no project: ids begin at 1."""
KEY = ("plugin", "organisation", "project")


class Settings(Part):
    """The part of the directory that keeps what people set for plugins; see `amber.model.Directory`."""

    def plugin_settings(self) -> tuple[PluginSettings, ...]:
        """All there are, of every plugin and place."""
        order = [plugin_settings.c[name] for name in KEY]
        with self._database.reading() as connection:
            rows = connection.execute(select(plugin_settings).order_by(*order)).all()
        return tuple(
            PluginSettings(row.plugin, row.values, row.organisation or None, row.project or None) for row in rows
        )

    def set_plugin_settings(self, settings: PluginSettings, audit: AuditEntry) -> None:
        """Replace what is set for a plugin in one place; without values nothing is set there any more."""
        place = {"organisation": settings.organisation or NOBODY, "project": settings.project or NOBODY}
        mine = plugin_settings.select().filter_by(plugin=settings.plugin, **place).with_for_update()
        with self._database.writing() as connection:
            _need_place(connection, settings)
            row = connection.execute(mine).one_or_none()
            old: Mapping[str, Any] = row.values if row is not None else {}
            if old == settings.values:
                return
            if settings.values:
                written = {"values": dict(settings.values), "changed_at": audit.at}
                new = upsert(connection, plugin_settings).values(plugin=settings.plugin, **place, **written)
                connection.execute(new.on_conflict_do_update(index_elements=KEY, set_=written))
            else:
                connection.execute(delete(plugin_settings).filter_by(plugin=settings.plugin, **place))
            write_audit(connection, audit, f"plugin:{settings.plugin}", *_changed(old, settings.values))
            told = {"plugin": settings.plugin}
            add_facts(connection, [new_fact("settings.changed", settings.project or 0, audit.at, told)])


def _need_place(connection: Connection, settings: PluginSettings) -> None:
    if settings.organisation is not None:
        need(connection, organisations, settings.organisation, "organisation")
    if settings.project is not None:
        need(connection, projects, settings.project, "project")


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The names of what changed, before and after: any of the values may be a secret."""
    names = sorted(name for name in old.keys() | new.keys() if old.get(name, old) != new.get(name, new))
    return {name: HIDDEN for name in names if name in old}, {name: HIDDEN for name in names if name in new}
