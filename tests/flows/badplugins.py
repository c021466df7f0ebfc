"""A distribution of plugins such as a stranger might install: each spoils one hook in one way."""

import json
from collections.abc import Iterable
from pathlib import Path

HOOKS = {
    "ingest_protocols": "ctx",
    "item_handlers": "ctx",
    "admit_items": "items, principal, project, ctx",
    "enrich_events": "events, project, ctx",
    "scrub_events": "events, project",
    "group_events": "events, project",
    "authenticate": "request, ctx",
    "authorise": "principal, action, resource",
    "on_fact": "fact, ctx",
    "plugin_start": "ctx",
    "api_routes": "ctx",
}
"""The hooks there is a bad plugin for, with what they are given."""

RUBBISH = {
    "ingest_protocols": "[42]",
    "item_handlers": '[ItemHandler(("session",), lambda items, ctx: [42])]',
    "admit_items": "42",
    "enrich_events": "[42 for _ in events]",
    "scrub_events": "events[1:]",
    "group_events": "[42 for _ in events]",
    "authenticate": "'somebody'",
    "authorise": "'perhaps'",
    "api_routes": "[42]",
}
"""Answers of another type than the hook asks for."""

SUBTLE = {
    "item_handlers": '[ItemHandler(("session",), lambda items, ctx: [Handled(object()) for _ in items])]',
    "admit_items": "Admission({0: Verdict(object(), 7)})",
    "enrich_events": "[Additions(tags={1: object()}, contexts=7) for _ in events]",
    "scrub_events": "[replace(event, data=7) for event in events]",
    "group_events": "[Grouping(7, 'x', None, object(), 7) for _ in events]",
    "authenticate": "Principal('wizard', organisation='all', scopes=7)",
}
"""Answers of the right type that hold nothing one could use."""

FAILING_HANDLER = '[ItemHandler(("{kind}",), lambda items, ctx: {what})]'

MODULE = '''\
"""A plugin nobody should be hurt by."""

import threading
from pathlib import Path

from amber import hookimpl
from amber.model import Additions, Admission, Grouping, Handled, ItemHandler, Principal, Verdict
from msgspec.structs import replace

Path({mark!r}).touch()


def fail():
    raise RuntimeError("I am broken")


def hang():
    threading.Event().wait()


@hookimpl
def {hook}({arguments}):
    return {answer}
'''

MANIFEST = """\
name = "{name}"
title = "{name}"
summary = "Spoils one hook."
families = ["enrichment"]
order = 1
budget_ms = 400

[rights]
facts = ["issue.created"]
"""


def bad_plugins() -> dict[str, tuple[str, str]]:
    """Every bad plugin: its name, the hook it spoils and what it answers."""
    ways: dict[str, dict[str, str]] = {
        "raises": dict.fromkeys(HOOKS, "fail()"),
        "hangs": dict.fromkeys(HOOKS, "hang()"),
        "rubbish": RUBBISH,
        "subtle": SUBTLE,
    }
    # asking for the handlers is not where they fail, but handling is; each claims a type of its own
    ways["raises"]["item_handlers"] = FAILING_HANDLER.format(kind="log", what="fail()")
    ways["hangs"]["item_handlers"] = FAILING_HANDLER.format(kind="profile", what="hang()")
    ways["subtle"]["item_handlers"] = SUBTLE["item_handlers"].replace("session", "replay_event")
    return {f"{way}_{hook}": (hook, answer) for way, answers in ways.items() for hook, answer in answers.items()}


def install(folder: Path) -> None:
    """Lay the distribution out as pip would with `--target`, ready to be put on a PYTHONPATH."""
    entries = ["[amber.plugins]"]
    for name, (hook, answer) in bad_plugins().items():
        package = folder / "amber_bad" / name
        package.mkdir(parents=True)
        mark = str(folder / f"{name}.imported")
        source = MODULE.format(mark=mark, hook=hook, arguments=HOOKS[hook], answer=answer)
        (package / "__init__.py").write_text(source)
        (package / "plugin.toml").write_text(MANIFEST.format(name=name))
        entries.append(f"{name} = amber_bad.{name}")
    (folder / "amber_bad" / "__init__.py").touch()
    info = folder / "amber_bad-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: amber-bad\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(entries) + "\n")
    (info / "INSTALLER").write_text("pip\n")


def enabling(names: Iterable[str], more: str = "") -> str:
    """An `amber.toml` that switches these plugins on."""
    return more + "".join(f"[plugins.{json.dumps(name)}]\nenabled = true\nisolation = 'inline'\n" for name in names)
