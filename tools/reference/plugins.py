"""The page about the first-party plugins, and what other pages ask about them."""

import importlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

import msgspec

from amber.plugin.manifest import Manifest, read_manifest
from amber.plugin.spec import PROJECT_NAME, hooks
from reference.markdown import code, codes, table

INTRODUCTION = """# Plugins

What Amber comes with. Every feature is a plugin; switch one off in `amber.toml`:

```toml
[plugins.scrub]
enabled = false
```

A plugin can do only what its manifest, `plugin.toml`, asks for under `[rights]`.
"""


def page() -> str:
    """The Markdown of the page."""
    found = ((entry, read_manifest(entry)) for entry in first_party().values())
    rows = [(code(name.name), name.title, entry.dist.name if entry.dist else "") for entry, name in found]
    sections = [_section(entry, read_manifest(entry)) for entry in first_party().values()]
    return "\n\n".join([INTRODUCTION.rstrip(), table(["Plugin", "Title", "Distribution"], rows), *sections])


@cache
def first_party() -> Mapping[str, EntryPoint]:
    """The entry points of amber's own distributions, by name."""
    found = [entry for entry in entry_points(group="amber.plugins") if entry.module.startswith("amber_")]
    return {entry.name: entry for entry in sorted(found, key=lambda entry: entry.name)}


def module(name: str) -> ModuleType:
    """The module of a first-party plugin."""
    return importlib.import_module(first_party()[name].module)


def answers(name: str) -> list[str]:
    """The hooks a plugin answers, in the order of the spec."""
    plugin = module(name)
    return [hook for hook in hooks() if hasattr(getattr(plugin, hook, None), f"{PROJECT_NAME}_impl")]


def answered_by(hook: str) -> list[str]:
    """The plugins that answer a hook."""
    return [name for name in first_party() if hook in answers(name)]


def _section(entry: EntryPoint, manifest: Manifest) -> str:
    rights = [
        f"- May use `{right}`: {codes(listed)}"
        for right, listed in msgspec.structs.asdict(manifest.rights).items()
        if listed
    ]
    facts = [
        f"- Families: {', '.join(manifest.families)}; stability: {manifest.stability}",
        f"- Answers: {codes(answers(entry.name)) or 'no hook'}",
        *rights,
    ]
    return f"## {manifest.name}\n\n{manifest.summary}\n\n" + "\n".join(facts)
