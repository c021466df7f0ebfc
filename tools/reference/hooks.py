"""The page about hooks: every question the kernel asks."""

import inspect
from typing import Any

from amber import spec
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
    return [Additions(tags={"chained": str(len(event.exceptions))}) for event in events]
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
    return "\n\n".join([f"## {name}", code(f"{name}{_signature(function)}"), prose(function), "\n".join(facts)])


def _signature(function: Any) -> str:
    """The signature with short names: `(events: Sequence[Event], project: Project) -> …`."""
    parameters, answer = inspect.signature(function).parameters.values(), inspect.signature(function).return_annotation
    given = ", ".join(f"{parameter.name}: {_type(parameter.annotation)}" for parameter in parameters)
    return f"({given}) -> {_type(answer)}"


def _type(annotation: Any) -> str:
    text = inspect.formatannotation(annotation).strip("'").replace("Context[Any]", "Context")
    for prefix in ("collections.abc.", "typing.", "ForwardRef(", "amber.context."):
        text = text.replace(prefix, "")
    parts = text.split("amber.model.")
    return parts[0] + "".join(part.split(".", 1)[-1] for part in parts[1:])
