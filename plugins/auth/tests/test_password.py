from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from amber import Context
from amber.errors import Denied
from amber.model import User
from amber_auth import password
from amber_auth.password import hashing, rule

RIGHT = "correct horse battery"
Ask = Callable[..., User]


@pytest.fixture
def ann(person: Callable[..., User]) -> User:
    return person("ann", "admin")


@pytest.fixture
def ask(contexts: Callable[[str], Context[Any]]) -> Ask:
    (method,) = password.login_methods(contexts("password"))

    def ask(email: str, secret: str, client_ip: str = "192.0.2.1") -> User:
        found = method.verify({"email": email, "password": secret}, client_ip)
        assert isinstance(found, User)
        return found

    return ask


def wrong(ask: Ask, email: str, times: int = 1, client_ip: str = "192.0.2.1") -> None:
    for _ in range(times):
        with pytest.raises(Denied) as refusal:
            ask(email, "wrong", client_ip)
        assert refusal.value.status == 401


def test_the_right_password_says_who_it_is(ask: Ask, ann: User) -> None:
    assert ask(" Ann@Shop.test ", RIGHT) == ann


def test_the_form_asks_for_what_browsers_can_fill_in(contexts: Callable[[str], Context[Any]]) -> None:
    (method,) = password.login_methods(contexts("password"))
    assert [(field.name, field.type, field.autocomplete) for field in method.fields] == [
        ("email", "email", "username"),
        ("password", "password", "current-password"),
    ]


@pytest.mark.parametrize(
    ("email", "secret"),
    [("ann@shop.test", "wrong"), ("nobody@shop.test", RIGHT), ("", ""), ("a\x00@b", RIGHT), ("\udcff@b", RIGHT)],
)
def test_a_wrong_password_and_an_unknown_person_are_told_the_same(ask: Ask, ann: User, email: str, secret: str) -> None:
    with pytest.raises(Denied, match="the e-mail or the password is wrong") as refusal:
        ask(email, secret)
    assert refusal.value.status == 401


def test_an_unknown_person_costs_the_work_of_a_known_one(ask: Ask, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    worked = []

    def verify(self: PasswordHasher, hash: str, password: bytes) -> bool:
        worked.append(hash)
        return True

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    with pytest.raises(Denied):
        ask("nobody@shop.test", RIGHT)
    assert worked == [hashing.NOBODY]


def test_the_hash_of_nobody_costs_what_real_ones_do() -> None:
    real = hashing.hash_password("x")
    assert hashing.NOBODY.split("$")[:4] == real.split("$")[:4]
    assert len(hashing.NOBODY) == len(real)


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(
    ask: Ask, ann: User, at: Callable[[float], None]
) -> None:
    at(1000.0)
    wrong(ask, ann.email, 5)
    with pytest.raises(Denied, match="wait five minutes") as refusal:
        ask(ann.email.upper(), RIGHT)
    assert refusal.value.status == 429
    at(1301.0)
    assert ask(ann.email, RIGHT) == ann


def test_waiting_does_not_grow_longer_by_trying(ask: Ask, ann: User, at: Callable[[float], None]) -> None:
    at(1000.0)
    wrong(ask, ann.email, 5)
    at(1200.0)
    with pytest.raises(Denied, match="wait"):
        ask(ann.email, RIGHT)
    at(1301.0)
    assert ask(ann.email, RIGHT) == ann


def test_others_do_not_wait_for_somebodys_mistakes(ask: Ask, ann: User) -> None:
    wrong(ask, ann.email, 5)
    assert ask(ann.email, RIGHT, "198.51.100.7") == ann
    wrong(ask, "nobody@shop.test")


def test_the_right_password_forgives_the_wrong_ones(ask: Ask, ann: User) -> None:
    for _ in range(2):
        wrong(ask, ann.email, 4)
        assert ask(ann.email, RIGHT) == ann


def test_one_address_cannot_try_a_password_on_everybody(
    ask: Ask, ann: User, at: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(1000.0)
    monkeypatch.setattr(PasswordHasher, "verify", lambda *_: False)
    for number in range(50):
        wrong(ask, f"person{number}@shop.test", client_ip="2001:db8::1")
    for place in ("2001:db8::1", "2001:db8::ffff"):
        with pytest.raises(Denied, match="wait") as refusal:
            ask(ann.email, RIGHT, place)
        assert refusal.value.status == 429
    monkeypatch.undo()
    assert ask(ann.email, RIGHT, "2001:db8:0:1::1") == ann


def test_logging_in_often_from_one_address_makes_nobody_wait(
    ask: Ask, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PasswordHasher, "verify", lambda *_: True)
    for _ in range(60):
        assert ask(ann.email, RIGHT) == ann


def test_a_password_longer_than_any_may_be_is_wrong(ask: Ask, ann: User) -> None:
    with pytest.raises(Denied) as refusal:
        ask(ann.email, "x" * 1_000_001)
    assert refusal.value.status == 401


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
@settings(max_examples=15, deadline=None)  # a hash is meant to be slow
def test_a_password_fits_its_own_hash_and_no_other(one: str, other: str) -> None:
    kept = hashing.hash_password(one)
    assert hashing.is_right(one, kept)
    assert hashing.is_right(other, kept) == (one == other)


def test_no_password_fits_a_stranger_or_a_broken_hash() -> None:
    assert not hashing.is_right("x", "")
    assert not hashing.is_right("x", "plain text")


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        ("x" * 9, "short"),
        ("x" * 10, ""),
        ("x" * 1000, ""),
        ("x" * 1001, "long"),
        ("ann@shop.test", "email"),
        (" ANN@shop.test", "email"),
    ],
)
def test_what_may_be_a_password(new: str, fault: str) -> None:
    assert rule.fault(new, "ann@shop.test") == fault


def test_every_fault_of_a_password_has_its_sentence() -> None:
    assert rule.SENTENCES.keys() == {"short", "long", "email"}


def test_the_plugin_offers_its_commands_and_hides_the_first_start() -> None:
    assert [(command.name, command.hidden) for command in password.cli_commands()] == [
        ("user", False),
        ("bootstrap", True),
    ]
