"""`Config`, the plugin's table in amber.toml, and `TargetConfig`, the form of its targets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest
from msgspec import Meta, Struct

from amber.config import plugin_config
from amber.errors import ConfigError
from amber.registry import State
from amber.testing.contract.plugin.subject import Bench, Contract, Subject, make_kernel

STRAY = "no_such_key_of_anybodys"


def schemas(subject: Subject) -> list[type[Struct]]:
    """The Structs on the plugin's module that people fill in."""
    return [found for name in ("Config", "TargetConfig") if (found := getattr(subject.module, name, None)) is not None]


def undescribed(schema: Any) -> list[str]:
    """The fields, also those of Structs inside, that do not say what they are."""
    found = []
    for field in msgspec.structs.fields(schema):
        inner = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
        if isinstance(inner, type) and issubclass(inner, Struct):
            found += [f"{field.name}.{name}" for name in undescribed(inner)]
        elif not description(field.type):
            found.append(field.name)
    return found


def description(kind: Any) -> str:
    """What a field's annotation says of it."""
    notes = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return next((note.description or "" for note in notes if isinstance(note, Meta)), "")


def refusal(subject: Subject, table: Mapping[str, Any]) -> str:
    """What is said where this table cannot be used; empty where it can."""
    try:
        plugin_config(table, subject.module.Config, subject.name, {})
    except ConfigError as error:
        return str(error)
    return ""


class SettingsContract(Contract):
    def test_settings_are_frozen_structs_that_refuse_unknown_keys(self, subject: Subject) -> None:
        for schema in schemas(subject):
            assert isinstance(schema, type)
            assert issubclass(schema, Struct)
            assert schema.__struct_config__.frozen, f"{schema.__name__}: frozen=True is missing"
            assert schema.__struct_config__.forbid_unknown_fields, f"{schema.__name__}: forbid_unknown_fields=True"

    def test_each_setting_says_what_it_is(self, subject: Subject) -> None:
        missing = {schema.__name__: undescribed(schema) for schema in schemas(subject)}
        assert {name: fields for name, fields in missing.items() if fields} == {}, "give them Meta(description=…)"

    def test_an_empty_table_works_or_every_missing_key_is_named(self, subject: Subject) -> None:
        if hasattr(subject.module, "Config"):
            required = [one.encode_name for one in msgspec.structs.fields(subject.module.Config) if one.required]
            said = refusal(subject, {})
            assert [key for key in required if f"{key}: is missing" not in said] == []
            assert bool(said) == bool(required), said

    def test_the_values_given_for_this_test_work(self, subject: Subject) -> None:
        if hasattr(subject.module, "Config"):
            hint = "name values for it: --plugin-config FILE, or `config` on the class of the test"
            assert refusal(subject, subject.table) == "", hint

    def test_an_unknown_key_is_refused_by_name(self, subject: Subject, tmp_path: Path) -> None:
        if hasattr(subject.module, "Config"):
            stray = msgspec.structs.replace(subject, table={**subject.table, STRAY: 1})
            kernel = make_kernel(stray, tmp_path)
            kernel.registry.load()
            plugin = kernel.registry.plugins[subject.name]
            assert plugin.state is State.FAILED
            assert STRAY in plugin.reason

    def test_it_runs(self, bench: Bench) -> None:
        assert bench.subject.name in [plugin.name for plugin in bench.kernel.registry.running()]

    def test_what_delivers_says_what_its_targets_need(self, subject: Subject) -> None:
        if "deliver" in subject.hooks:
            assert hasattr(subject.module, "TargetConfig"), "deliver needs a TargetConfig beside it"
        elif hasattr(subject.module, "TargetConfig"):
            pytest.fail("TargetConfig is the form of targets, and only a plugin that answers deliver has those")
