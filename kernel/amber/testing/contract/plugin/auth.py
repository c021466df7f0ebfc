"""Auth: nobody is taken for somebody, whatever they show, and what may be done follows from who asks alone."""

from contextlib import suppress
from typing import Any

from amber.errors import Denied, Reject
from amber.model import SCOPES, AuthRequest, LoginMethod, Principal, Resource, User
from amber.testing.bench import Bench, as_it_is
from amber.testing.contract.plugin.answers import every
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.fitting import asked
from amber.testing.stores import HOSTILE_TEXTS
from amber.testing.subject import Subject

HOOKS = frozenset({"authenticate", "authorise", "login_methods"})
SHOWN = ("", "Bearer", "Bearer ", "Basic", "Basic ====", "Bearer x", "bearer null", "Token x", "Basic Og==")
NAMES = ("authorization", "x-api-key", "x-forwarded-user", "remote-user", "x-ember-token", "x-ember-admin")


def requests() -> list[AuthRequest]:
    """Requests of nobody: without a credential, and with some that are none."""
    texts = (*SHOWN, *HOSTILE_TEXTS, *(f"Bearer {text}" for text in HOSTILE_TEXTS))
    headers = [AuthRequest("GET", "/api/v1/projects", {name: text}, "192.0.2.1") for name in NAMES for text in texts]
    cookies = [AuthRequest("POST", "/", {"cookie": text}, "192.0.2.1") for text in HOSTILE_TEXTS]
    keys = [AuthRequest("POST", "/api/1/envelope/", {}, "192.0.2.1", key, "1") for key in HOSTILE_TEXTS]
    return [AuthRequest("GET", "/", {}, "192.0.2.1"), *headers, *cookies, *keys]


class AuthContract(Contract):
    suite = "auth"
    tier = "silver"

    @classmethod
    def fits(cls, subject: Subject) -> bool:
        """Whether it has anything to say about who somebody is."""
        return not HOOKS.isdisjoint(subject.hooks)

    @asked("authenticate")
    def test_nobody_is_taken_for_somebody(self, bench: Bench) -> None:
        for request in requests():
            with suppress(Denied):  # that is an answer too
                found = bench.ask("authenticate", request=request)
                assert found is None, f"nobody showed nothing: answer None or raise Denied ({request})"

    @asked("authorise")
    def test_who_is_anonymous_may_nothing(self, bench: Bench) -> None:
        for scope in sorted(SCOPES):
            said = bench.ask("authorise", principal=Principal("anonymous"), action=scope, resource=Resource(1, 1))
            assert said is not True, f"whoever is anonymous must not be allowed {scope}: answer None"

    @asked("authorise")
    def test_the_same_question_gets_the_same_verdict(self, bench: Bench) -> None:
        people = [Principal("user", "1", organisation=1, scopes=frozenset(SCOPES)), Principal("key", "1")]
        for who in people:
            for action in (*sorted(SCOPES), "", *HOSTILE_TEXTS):
                given: dict[str, Any] = {"principal": who, "action": action, "resource": Resource(1, 1)}
                first = bench.ask("authorise", as_it_is, **given)
                assert first in (True, False, None), "answer True, False or None"
                assert bench.ask("authorise", as_it_is, **given) == first, "a verdict follows from what is asked alone"

    @asked("authorise")
    def test_nobody_reaches_into_another_organisation(self, bench: Bench) -> None:
        stranger = Principal("user", "1", organisation=1, scopes=frozenset(SCOPES))
        for scope in sorted(SCOPES):
            said = bench.ask("authorise", principal=stranger, action=scope, resource=Resource(2, 9))
            assert said is not True, f"{scope} of one organisation must not reach into another one"

    @asked("login_methods")
    def test_ways_to_log_in_can_be_shown(self, bench: Bench) -> None:
        methods = bench.ask("login_methods", every(LoginMethod))
        wrong = [one for one in methods if not (one.name and one.title and callable(one.verify))]
        assert wrong == [], "give each way a name, a title and a `verify`"

    @asked("login_methods")
    def test_no_proof_is_no_login(self, bench: Bench) -> None:
        methods = bench.ask("login_methods", every(LoginMethod))
        for method in methods:
            for text in HOSTILE_TEXTS:
                form = {field.name: text for field in method.fields}
                with suppress(Denied, Reject):
                    found = bench.run(bench.kernel.services.kernel["logins"].verify(method.name, form, "192.0.2.1"))
                    assert not isinstance(found, User), "a wrong proof is refused with Denied(status=401)"
