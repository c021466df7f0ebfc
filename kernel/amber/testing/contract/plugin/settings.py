"""`Config`, the plugin's table in amber.toml, and `TargetConfig`, the form of its targets."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest
from msgspec import Meta, Struct

from amber.config import plugin_config
from amber.errors import ConfigError
from amber.model.secrets import Secret
from amber.plugin.forms import fields_of
from amber.registry import State
from amber.testing.bench import Bench
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.fitting import asked
from amber.testing.subject import Subject, make_kernel

STRAY = "no_such_key_of_anybodys"
SECRETS = re.compile(
    r"(?:^|_)(?:password|passphrase|secret|token|api_key|private_key|credentials?)(?:$|_(?!file|url|name))"
)
"""Names of fields that hold what nobody may see."""


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


def plain(kind: Any) -> Any:
    """A field's type without what is said about it."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def prints_itself(schema: type[Struct]) -> bool:
    """Whether a Struct with secrets has its own way to print itself; msgspec's shows each Secret as `***`."""
    has_secrets = any(plain(field.type) is Secret for field in msgspec.structs.fields(schema))
    own = schema.__mro__[: schema.__mro__.index(Struct)]
    return has_secrets and any(name in vars(one) for one in own for name in ("__repr__", "__str__", "__format__"))


class SettingsContract(Contract):
    suite = "config"

    def test_settings_are_frozen_structs_that_refuse_unknown_keys(self, subject: Subject) -> None:
        for schema in schemas(subject):
            assert isinstance(schema, type), "Config and TargetConfig are classes"
            assert issubclass(schema, Struct), f"{schema.__name__}: derive it from msgspec.Struct"
            assert schema.__struct_config__.frozen, f"{schema.__name__}: frozen=True is missing"
            assert schema.__struct_config__.forbid_unknown_fields, (
                f"{schema.__name__}: forbid_unknown_fields=True is missing"
            )

    def test_each_setting_says_what_it_is(self, subject: Subject) -> None:
        missing = {schema.__name__: undescribed(schema) for schema in schemas(subject)}
        assert {name: fields for name, fields in missing.items() if fields} == {}, "give them Meta(description=…)"

    def test_a_form_can_ask_for_each_setting(self, subject: Subject) -> None:
        for schema in schemas(subject):
            assert len(fields_of(schema)) == len(msgspec.structs.fields(schema)), f"{schema.__name__} has no form"

    def test_what_is_secret_is_a_secret(self, subject: Subject) -> None:
        bare = [
            f"{schema.__name__}.{field.name}"
            for schema in schemas(subject)
            for field in msgspec.structs.fields(schema)
            if SECRETS.search(field.name) and plain(field.type) is str
        ]
        assert bare == [], "make these amber.Secret in place of str: they are sealed, and never shown or logged"

    def test_no_secret_is_in_what_settings_print(self, subject: Subject) -> None:
        told = [schema.__name__ for schema in schemas(subject) if prints_itself(schema)]
        assert told == [], "leave __repr__ and __str__ to msgspec, which shows a Secret as ***"

    def test_an_empty_table_works_or_every_missing_key_is_named(self, subject: Subject) -> None:
        if hasattr(subject.module, "Config"):
            required = [one.encode_name for one in msgspec.structs.fields(subject.module.Config) if one.required]
            said = refusal(subject, {})
            assert [key for key in required if f"{key}: is missing" not in said] == [], "name each missing key"
            assert bool(said) == bool(required), f"its defaults are refused: {said}"

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
            assert plugin.state is State.FAILED, "forbid_unknown_fields=True: a mistyped key must not pass unnoticed"
            assert STRAY in plugin.reason, "the reason must name the key"

    def test_it_runs(self, bench: Bench) -> None:
        running = [plugin.name for plugin in bench.kernel.registry.running()]
        assert bench.subject.name in running, "it must come to run with the values given"

    @asked("deliver")
    def test_what_delivers_says_what_its_targets_need(self, subject: Subject) -> None:
        assert hasattr(subject.module, "TargetConfig"), "deliver needs a TargetConfig beside it"

    def test_a_form_for_targets_belongs_to_what_delivers(self, subject: Subject) -> None:
        if "deliver" not in subject.hooks and hasattr(subject.module, "TargetConfig"):
            pytest.fail("TargetConfig is the form of targets, and only a plugin that answers deliver has those")
