"""Everything else a plugin answers: routes, commands, facts, logins, items."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import click
from litestar import Litestar
from litestar.routes import HTTPRoute

from amber.errors import Denied
from amber.model import (
    Admission,
    AuthRequest,
    Fact,
    IngestProtocol,
    ItemHandler,
    ItemNote,
    LoginMethod,
    Principal,
    Resource,
    Verdict,
)
from amber.spec import Kind, hooks
from amber.testing.contract.plugin.subject import Bench, Contract
from amber.testing.events import PROJECT
from amber.testing.stores import HOSTILE_TEXTS, NOON

ISSUE = {
    "issue_id": "1",
    "short_id": "SHOP-1",
    "title": "KeyError: 'total'",
    "culprit": "/checkout",
    "event_id": "a" * 32,
}


def every(kind: type) -> Callable[[Any], list[Any]]:
    """A check that an answer is a sequence of these."""

    def check(value: Any) -> list[Any]:
        assert isinstance(value, Sequence)
        assert [one for one in value if not isinstance(one, kind)] == []
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


def requests() -> list[AuthRequest]:
    """Requests of nobody: without a credential, and with some that are none."""
    shown = ["", "Bearer", "Basic", "Basic ====", "Bearer x", *(f"Bearer {text}" for text in HOSTILE_TEXTS)]
    bare = [AuthRequest("GET", "/api/v1/projects", {"authorization": one}, "192.0.2.1") for one in shown]
    cookies = [AuthRequest("POST", "/", {"cookie": text}, "192.0.2.1") for text in HOSTILE_TEXTS]
    keys = [AuthRequest("POST", "/api/1/envelope/", {}, "192.0.2.1", key, "1") for key in HOSTILE_TEXTS]
    return [AuthRequest("GET", "/", {}, "192.0.2.1"), *bare, *cookies, *keys]


class AnswersContract(Contract):
    def test_roles_are_filled(self, bench: Bench) -> None:
        held = [hook for hook in bench.subject.hooks if hooks()[hook].kind is Kind.ROLE]
        assert [role for role in held if bench.kernel.services.roles.get(role) is None] == []

    def test_routes_can_be_mounted_and_each_names_its_action(self, bench: Bench) -> None:
        if "api_routes" in bench.subject.hooks:
            app = Litestar(list(bench.ask("api_routes")), openapi_config=None, logging_config=None)
            routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
            handlers = [(route.path, handler) for route in routes for handler in route.route_handlers]
            assert handlers
            own = [(path, one) for path, one in handlers if one.http_methods != {"OPTIONS"}]  # those Litestar adds
            bare = [path for path, handler in own if not handler.opt.get("action")]
            assert bare == [], 'each route handler needs action="<scope>"'

    def test_commands_say_what_they_do(self, bench: Bench) -> None:
        if "cli_commands" in bench.subject.hooks:
            found = list(commands(bench.ask("cli_commands", every(click.Command))))
            assert [one.name for one in found if not one.help] == [], "a command's docstring is its help"
            options = [(one, each) for one in found for each in one.params if isinstance(each, click.Option)]
            assert [f"{one.name} {each.name}" for one, each in options if not each.help] == []

    def test_every_fact_it_asked_for_can_be_heard(self, bench: Bench) -> None:
        if "on_fact" in bench.subject.hooks and not bench.subject.manifest.rights.kernel:
            for fact in facts(bench.subject.manifest.rights.facts):
                assert bench.ask("on_fact", fact=fact) is None

    def test_it_says_how_it_is(self, bench: Bench) -> None:
        if "plugin_health" in bench.subject.hooks:
            said = bench.ask("plugin_health")
            assert said is None or (isinstance(said, str) and said)

    def test_nobody_is_taken_for_somebody(self, bench: Bench) -> None:
        if "authenticate" in bench.subject.hooks:
            for request in requests():
                with suppress(Denied):  # that is an answer too
                    assert bench.ask("authenticate", request=request) is None

    def test_a_decision_is_yes_no_or_none_of_its_business(self, bench: Bench) -> None:
        if "authorise" in bench.subject.hooks:
            nobody, resource = Principal("anonymous"), Resource(organisation=1)
            for action in ("project:read", "org:admin", "admin", "no such action", *HOSTILE_TEXTS):
                verdict = bench.ask("authorise", principal=nobody, action=action, resource=resource)
                assert verdict in (False, None), f"anonymous may do {action}"

    def test_verdicts_are_about_the_items_there_are(self, bench: Bench) -> None:
        if "admit_items" in bench.subject.hooks:
            items = (
                ItemNote("event", "error", 512),
                ItemNote("attachment", "attachment", 1 << 20),
                ItemNote("", "", 0),
            )
            key = Principal("key", id="1", organisation=1, scopes=frozenset({"event:write"}))
            found = bench.ask("admit_items", items=items, principal=key, project=PROJECT)
            assert isinstance(found, Admission)
            assert set(found.refused) <= set(range(len(items)))
            assert all(isinstance(one, Verdict) for one in found.refused.values())

    def test_protocols_and_handlers_are_what_the_kernel_expects(self, bench: Bench) -> None:
        if "ingest_protocols" in bench.subject.hooks:
            assert bench.run(bench.kernel.protocols())[bench.subject.name]
            assert bench.ask("ingest_protocols", every(IngestProtocol))
        if "item_handlers" in bench.subject.hooks:
            handlers = bench.ask("item_handlers", every(ItemHandler))
            assert [one for one in handlers if not (one.types and callable(one.handle))] == []

    def test_ways_to_log_in_can_be_shown(self, bench: Bench) -> None:
        if "login_methods" in bench.subject.hooks:
            methods = bench.ask("login_methods", every(LoginMethod))
            assert [one for one in methods if not (one.name and one.title and callable(one.verify))] == []
