import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from amber import Context
from amber.errors import Denied, Reject
from amber.model import AuthRequest, Organisation, Principal
from amber_auth import password
from amber_auth.password import hashing
from amber_auth.password.commands import user

RIGHT = "correct horse battery"
Run = Callable[..., Result]
Ask = Callable[..., Principal | None]


@pytest.fixture
def ctx(contexts: Callable[[str], Context[Any]]) -> Context[Any]:
    return contexts("password")


@pytest.fixture
def run(ctx: Context[Any], organisation: Organisation) -> Run:
    def run(*words: str, input: str = "") -> Result:
        return CliRunner().invoke(user, list(words), obj=ctx, input=input, catch_exceptions=False)

    return run


@pytest.fixture
def ann(run: Run) -> str:
    assert run("create", "ann@shop.test", "--role", "admin", "--password-stdin", input=f"{RIGHT}\n").exit_code == 0
    return "ann@shop.test"


def basic(email: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{email}:{secret}".encode()).decode()


@pytest.fixture
def ask(ctx: Context[Any]) -> Ask:
    def ask(email: str, secret: str, **about: str) -> Principal | None:
        plain = {"method": "GET", "path": "/", "client_ip": "192.0.2.1"}
        request = AuthRequest(headers={"authorization": basic(email, secret)}, **(plain | about))
        return password.authenticate(request, ctx)

    return ask


def test_the_right_password_says_who_it_is(ask: Ask, ann: str, organisation: Organisation) -> None:
    found = ask("Ann@Shop.test", RIGHT)
    assert found is not None
    assert (found.kind, found.name, found.organisation, found.project) == ("user", ann, organisation.id, None)


@pytest.mark.parametrize(
    ("role", "scope"), [("owner", "admin"), ("admin", "project:admin"), ("member", "project:triage")]
)
def test_a_role_decides_what_a_person_may_do(run: Run, ask: Ask, role: str, scope: str) -> None:
    run("create", "bob@shop.test", "--role", role, "--password-stdin", input=RIGHT)
    found = ask("bob@shop.test", RIGHT)
    assert found is not None
    assert found.scopes == {scope}


@pytest.mark.parametrize(("email", "secret"), [("ann@shop.test", "wrong"), ("nobody@shop.test", RIGHT), ("", "")])
def test_a_wrong_password_and_an_unknown_person_are_the_same_to_the_caller(
    ask: Ask, ann: str, email: str, secret: str
) -> None:
    assert ask(email, secret) is None


def test_an_unknown_person_costs_the_work_of_a_known_one(ask: Ask, ann: str, monkeypatch: pytest.MonkeyPatch) -> None:
    worked = []

    def verify(self: PasswordHasher, hash: str, password: bytes) -> bool:
        worked.append(hash)
        return True

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    assert ask("nobody@shop.test", RIGHT) is None
    assert worked == [hashing.NOBODY]


def test_the_hash_of_nobody_costs_what_real_ones_do() -> None:
    real = hashing.hash_password("x")
    assert hashing.NOBODY.split("$")[:4] == real.split("$")[:4]
    assert len(hashing.NOBODY) == len(real)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("PATCH", "/issues/1"),
        ("DELETE", "/x"),
        ("GET", "/api/v1/projects"),
        ("GET", "//api/v1"),
        ("GET", "/api"),
    ],
)
def test_a_password_opens_pages_and_nothing_that_changes_anything(ask: Ask, ann: str, method: str, path: str) -> None:
    assert ask(ann, RIGHT, method=method, path=path) is None


def test_the_basic_header_of_an_sdk_is_left_to_the_keys(ask: Ask, ann: str) -> None:
    assert ask(ann, RIGHT, key="0" * 32) is None


@pytest.mark.parametrize("shown", ["", "Basic", "Basic !!!", "Basic YQ==", "Basic /////w==", "Bearer amb_x"])
def test_a_header_that_says_nothing_is_left_to_others(ctx: Context[Any], shown: str) -> None:
    assert password.authenticate(AuthRequest("GET", "/", {"authorization": shown}, ""), ctx) is None


def test_an_email_that_does_not_print_never_reaches_the_database(ask: Ask) -> None:
    assert ask("a\x00@b", RIGHT) is None


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(
    ask: Ask, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Context, "now", staticmethod(lambda: 1000.0))
    for _ in range(5):
        assert ask(ann, "wrong") is None
    with pytest.raises(Denied, match="wait five minutes") as refusal:
        ask(ann.upper(), RIGHT)
    assert refusal.value.status == 429
    monkeypatch.setattr(Context, "now", staticmethod(lambda: 1301.0))
    assert ask(ann, RIGHT) is not None


def test_others_do_not_wait_for_somebodys_mistakes(ask: Ask, ann: str) -> None:
    for _ in range(5):
        ask(ann, "wrong")
    assert ask(ann, RIGHT, client_ip="198.51.100.7") is not None
    assert ask("nobody@shop.test", "wrong") is None


def test_the_right_password_forgives_the_wrong_ones(ask: Ask, ann: str) -> None:
    for _ in range(4):
        ask(ann, "wrong")
    assert ask(ann, RIGHT) is not None
    for _ in range(4):
        ask(ann, "wrong")
    assert ask(ann, RIGHT) is not None


def test_a_password_is_made_up_and_shown_once(run: Run, ask: Ask) -> None:
    made = json.loads(run("create", "bob@shop.test", "--json").stdout)
    assert (made["email"], made["role"]) == ("bob@shop.test", "member")
    assert len(made["password"]) == 20
    assert ask("bob@shop.test", made["password"]) is not None
    assert made["password"] not in run("list", "--json").stdout


def test_people_are_listed_by_role(run: Run, ann: str) -> None:
    assert run("list").stdout.split() == ["1", "admin", ann]


def test_a_person_who_is_there_already_is_refused(run: Run, ann: str) -> None:
    with pytest.raises(Reject, match="taken"):
        run("create", ann.upper())


@pytest.mark.parametrize("email", ["ann", "@shop.test", "ann@", "a b@shop.test", "a:b@shop.test", "a\x1b@shop.test"])
def test_what_is_no_email_is_refused(run: Run, email: str) -> None:
    answer = run("create", email)
    assert answer.exit_code == 2
    assert "is no e-mail address" in answer.stderr


def test_a_short_password_is_refused(run: Run) -> None:
    answer = run("create", "bob@shop.test", "--password-stdin", input="short\n")
    assert answer.exit_code == 2
    assert "10 characters" in answer.stderr


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
@settings(max_examples=15)
def test_a_password_fits_its_own_hash_and_no_other(one: str, other: str) -> None:
    kept = hashing.hash_password(one)
    assert hashing.is_right(one, kept)
    assert hashing.is_right(other, kept) == (one == other)


def test_no_password_fits_a_stranger_or_a_broken_hash() -> None:
    assert not hashing.is_right("x", "")
    assert not hashing.is_right("x", "plain text")


def test_the_plugin_offers_its_commands_and_hides_the_first_start() -> None:
    assert [(command.name, command.hidden) for command in password.cli_commands()] == [
        ("user", False),
        ("bootstrap", True),
    ]
