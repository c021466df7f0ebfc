"""Everything that is public: Python names, hooks, manifests, what travels over the bus, and the index of a market."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from msgspec import Struct
from reference.testing import FIXTURES, options_of

from amber import bus
from amber.deprecations import DEPRECATIONS
from amber.hosting import rpc
from amber.plugin import spec
from amber.plugin.manifest import API, Manifest, Rights, Scopes
from amber.plugin.outbound import Http
from amber.testing import fixtures, options, strategies
from amber_market.index import envelope, shape
from surface.names import MODULES, TESTING, public
from surface.shapes import Entry, call, entries, fields

RPC: tuple[type[Struct], ...] = (*rpc.QUESTIONS.values(), rpc.Hello, rpc.Trouble, rpc.Reply)
TABLES: Mapping[str, type[Struct]] = {"": Manifest, "[rights]": Rights, "[settings]": Scopes}
INDEX: tuple[type[Struct], ...] = (
    shape.Index,
    shape.Entry,
    shape.Release,
    shape.Tier,
    shape.Screenshot,
    envelope.Envelope,
    envelope.Signature,
)


def surface() -> dict[str, str]:
    """Every public thing and how it is, in a fixed order."""
    found = dict(_all())
    return found | {
        f"{name} deprecated": f"since {one.since}, an error in {one.error_in}, use {one.use}"
        for name, one in DEPRECATIONS.items()
    }


def _all() -> Iterator[Entry]:
    for module in MODULES:
        for name, thing in public(module).items():
            yield from entries(f"{module}.{name}", thing)
    yield from entries("amber.Context.http", Http)
    yield from _testing()
    for name, hook in spec.hooks().items():
        yield f"hook {name}", f"{hook.kind.value}, {hook.on_error.value}, {hook.budget_ms} ms"
        yield from call(f"hook {name}", getattr(spec, name))
    yield "plugin.toml api", str(API)
    for table, kind in TABLES.items():
        yield from fields(f"plugin.toml {table}".rstrip(), kind)
    yield from _bus()
    for kind in INDEX:
        yield from fields(f"index {kind.__name__}", kind)


def _testing() -> Iterator[Entry]:
    for module, names in TESTING.items():
        for name in names:
            yield from entries(
                f"amber.testing.{module}.{name}", getattr(import_module(f"amber.testing.{module}"), name)
            )
    yield from ((f"fixture {name}", "fixture") for name in FIXTURES if hasattr(fixtures, name))
    yield from ((f"option {name}", "option") for name in options_of(options))
    for name, value in vars(strategies).items():
        if getattr(value, "__module__", "") == strategies.__name__ and not name.startswith("_"):
            yield from entries(f"amber.testing.strategies.{name}", value)


def _bus() -> Iterator[Entry]:
    yield from ((f"stream {one.name}", one.subjects) for one in bus.STREAMS)
    yield "subject of facts", bus.fact_subject("<fact>", "<project>")
    yield "subject of tasks", bus.task_subject("<plugin>", "<task>")
    yield "subject of rpc", rpc.rpc_subject("<plugin>", "<hook>")
    for kind in RPC:
        yield from fields(f"rpc {kind.__name__}", kind)
