"""Everything else a plugin answers: routes, commands, facts, jobs, items."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from inspect import signature
from typing import Any

import click
from litestar import Litestar
from litestar.routes import HTTPRoute

from amber.errands.hearing import alerts_of
from amber.errors import Reject, Retry
from amber.model import Admission, Fact, Handled, Item, ItemHandler, ItemNote, Principal, ScheduledJob, Verdict
from amber.plugin import spec
from amber.testing.bench import Bench
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.fitting import asked
from amber.testing.events import PROJECT
from amber.testing.stores import HOSTILE_TEXTS, NOON
from amber.testing.subject import Subject

ISSUE = {
    "issue_id": "1",
    "short_id": "SHOP-1",
    "title": "KeyError: 'total'",
    "culprit": "/checkout",
    "event_id": "a" * 32,
}
PAYLOADS = (b"", b"{}", b"null", b'{"a": [1, 2]}', b"\x00\xff" * 50, b"[" * 5000, b"x" * 100_000)
"""What clients send where JSON is expected."""


def every(kind: type) -> Callable[[Any], list[Any]]:
    """A check that an answer is a sequence of these."""

    def check(value: Any) -> list[Any]:
        assert isinstance(value, Sequence), f"answer a list of {kind.__name__}"
        assert [one for one in value if not isinstance(one, kind)] == [], f"answer a list of {kind.__name__}"
        return list(value)

    return check


def commands(group: Sequence[click.Command]) -> Iterator[click.Command]:
    """The commands and all below them."""
    for command in group:
        yield command
        if isinstance(command, click.Group):
            yield from commands(list(command.commands.values()))


def facts(types: Sequence[str]) -> list[Fact]:
    """Facts of these types: as they are, bare, and with hostile texts in them."""
    hostile = [dict.fromkeys(ISSUE, text) for text in HOSTILE_TEXTS]
    return [
        Fact(f"{kind}-{number}", kind, PROJECT.id, NOON, data)
        for kind in types
        for number, data in enumerate([ISSUE, {}, *hostile])
    ]


def items(types: Sequence[str]) -> list[Item]:
    """Items of these types that hold anything."""
    return [
        Item(f"i{number}", kind, kind, PROJECT.id, NOON, payload, event_id="a" * 32)
        for kind in types
        for number, payload in enumerate(PAYLOADS)
    ]


class AnswersContract(Contract):
    suite = "hooks"

    def test_hooks_ask_for_what_there_is(self, subject: Subject) -> None:
        stray = {
            f"{hook}({name})"
            for hook in subject.hooks
            for name in signature(getattr(subject.module, hook)).parameters
            if name not in signature(getattr(spec, hook)).parameters
        }
        assert stray == set(), "take these arguments out: the hook has no such thing to give (docs/reference/hooks.md)"

    def test_roles_are_filled(self, bench: Bench) -> None:
        empty = [role for role in bench.subject.roles if bench.kernel.services.roles.get(role) is None]
        assert empty == [], "answer a store, not None"

    @asked("api_routes")
    def test_routes_can_be_mounted_and_each_names_its_action(self, bench: Bench) -> None:
        app = Litestar(list(bench.ask("api_routes")), openapi_config=None, logging_config=None)
        routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
        handlers = [(route.path, handler) for route in routes for handler in route.route_handlers]
        assert handlers, "answer the route handlers, or leave the hook out"
        own = [(path, one) for path, one in handlers if one.http_methods != {"OPTIONS"}]  # those Litestar adds
        bare = [path for path, handler in own if not handler.opt.get("action")]
        assert bare == [], 'each route handler needs action="<scope>"'

    @asked("cli_commands")
    def test_commands_say_what_they_do(self, bench: Bench) -> None:
        found = list(commands(bench.ask("cli_commands", every(click.Command))))
        assert [one.name for one in found if not one.help] == [], "a command's docstring is its help"
        options = [(one, each) for one in found for each in one.params if isinstance(each, click.Option)]
        assert [f"{one.name} {each.name}" for one, each in options if not each.help] == [], "give each option a help"

    @asked("on_fact")
    def test_every_fact_it_asked_for_can_be_heard(self, bench: Bench) -> None:
        for fact in facts(bench.subject.manifest.rights.facts):
            with suppress(Retry, Reject):  # they are answers too
                assert bench.ask("on_fact", fact=fact) is None, "on_fact has nothing to answer"

    @asked("evaluate_fact")
    def test_every_fact_it_asked_for_can_be_evaluated(self, bench: Bench) -> None:
        for fact in facts(bench.subject.manifest.rights.facts):
            with suppress(Retry, Reject):
                first = bench.ask("evaluate_fact", alerts_of, fact=fact)
                again = bench.ask("evaluate_fact", alerts_of, fact=fact)
                assert [one.key for one in first] == [one.key for one in again], "the same fact gives the same alerts"

    @asked("plugin_health")
    def test_it_says_how_it_is(self, bench: Bench) -> None:
        said = bench.ask("plugin_health")
        assert said is None or (isinstance(said, str) and said), "answer a sentence about what is wrong, or None"

    @asked("scheduled_jobs")
    def test_jobs_can_be_told_apart_and_run(self, bench: Bench) -> None:
        jobs = bench.ask("scheduled_jobs", every(ScheduledJob))
        assert len({job.name for job in jobs}) == len(jobs), "give each job a name of its own"
        assert [job.name for job in jobs if job.every <= 0] == [], "`every` is in seconds, and more than none"
        assert [job.name for job in jobs if not callable(job.run)] == [], "`run` is a function without arguments"

    @asked("admit_items")
    def test_verdicts_are_about_the_items_there_are(self, bench: Bench) -> None:
        notes = (ItemNote("event", "error", 512), ItemNote("attachment", "attachment", 1 << 20), ItemNote("", "", 0))
        key = Principal("key", id="1", organisation=1, scopes=frozenset({"event:write"}))
        for asked_about in (notes, notes[:1], ()):
            found = bench.ask("admit_items", items=asked_about, principal=key)
            assert isinstance(found, Admission), "answer an Admission; an empty one takes everything"
            assert set(found.refused) <= set(range(len(asked_about))), "refuse by the position of the item"
            assert all(isinstance(one, Verdict) for one in found.refused.values()), "give a Verdict for each"

    @asked("item_handlers")
    def test_items_are_handled_whatever_is_in_them(self, bench: Bench) -> None:
        for handler in bench.ask("item_handlers", every(ItemHandler)):
            assert handler.types, "name the types that the handler takes"
            assert callable(handler.handle), "`handle` is a function of items and ctx"
            given = items(handler.types)
            for batch in (given, given[:1], []):
                self._handle(bench, handler, batch)

    def _handle(self, bench: Bench, handler: ItemHandler, batch: list[Item]) -> None:
        def whole(answer: Any) -> Any:
            assert isinstance(answer, Sequence), "answer one Handled for each item"
            assert [type(one) for one in answer] == [Handled] * len(batch), "answer one Handled for each item, in order"

        call = bench.kernel.dispatcher.call
        for _ in range(2):  # a batch may come again
            with suppress(Retry, Reject):
                bench.run(call(bench.subject.name, "item_handlers", whole, lambda: handler.handle(batch, bench.ctx)))
