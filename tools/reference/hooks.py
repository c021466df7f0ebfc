"""The page about hooks: every question the kernel asks."""

import inspect
import re
from typing import Any

from amber.plugin import spec
from reference.markdown import code, codes, prose
from reference.plugins import answered_by

INTRODUCTION = """# Hooks

A hook is a question the kernel asks plugins. A plugin answers with a module-level function of the same name, marked
with `hookimpl`; it may take any subset of the arguments:

```python
from amber import hookimpl
from amber.model import Additions


@hookimpl
def enrich_events(events):
    return [Additions(tags={"chained": str(len(event.chain))}) for event in events]
```

Each hook has a *kind* (how several answers become one), a rule for *failure*, and a *budget*: how long one call may
take before it counts as failed. The words they use:

- `collect`: every answer counts.
- `chain`: a value passes through every plugin in order.
- `first`: the first answer that is not None wins.
- `role`: exactly one plugin answers, named under `[roles]` in `amber.toml`.
- `task`: addressed to one plugin, over the bus.
"""


def page() -> str:
    """The Markdown of the page."""
    return "\n\n".join([INTRODUCTION.rstrip(), *(_section(name, hook) for name, hook in spec.hooks().items())])


def _section(name: str, hook: spec.Hook) -> str:
    function = getattr(spec, name)
    facts = [
        f"- Kind: {hook.kind.value}",
        f"- On failure: {hook.on_error.value}",
        f"- Budget: {hook.budget_ms:,} ms",
        f"- Answered by: {codes(answered_by(name)) or 'no first-party plugin'}",
    ]
    facts.append(f"- [More: what goes in and out, a plugin that uses it, how to test it](hooks/{name}.md)")
    return "\n\n".join([f"## {name}", code(f"{name}{signature(function)}"), prose(function), "\n".join(facts)])


def signature(function: Any) -> str:
    """The signature with short names: `(events: Sequence[Event], project: Project) -> …`."""
    parameters, answer = inspect.signature(function).parameters.values(), inspect.signature(function).return_annotation
    given = ", ".join(f"{parameter.name}: {type_text(parameter.annotation)}" for parameter in parameters)
    return f"({given}) -> {type_text(answer)}"


def type_text(annotation: Any) -> str:
    """A type as people write it, its modules left out."""
    text = inspect.formatannotation(annotation).strip("'").replace("Context[Any]", "Context")
    for prefix in ("collections.abc.", "typing.", "ForwardRef(", "amber.plugin.context."):
        text = text.replace(prefix, "")
    text = re.sub(r"~(?=\w)|\bpathlib\.(?=Path)", "", text)
    return re.sub(r"\bamber(?:_[a-z]+)?\.(?:[a-z_]+\.)*(?=[A-Z])", "", text)
