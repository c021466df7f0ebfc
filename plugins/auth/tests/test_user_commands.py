import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amber import Context
from amber.errors import Reject
from amber.model import AuditEntry, Directory, Organisation, Session, User
from amber_auth.password.commands import user
from amber_auth.password.hashing import is_right

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
Run = Callable[..., Result]


@pytest.fixture
def run(contexts: Callable[[str], Context[Any]], organisation: Organisation) -> Run:
    def run(*words: str, input: str = "") -> Result:
        return CliRunner().invoke(user, list(words), obj=contexts("password"), input=input, catch_exceptions=False)

    return run


def test_a_password_is_made_up_and_shown_once(run: Run, directory: Directory) -> None:
    made = json.loads(run("create", "bob@shop.test", "--json").stdout)
    assert (made["email"], made["role"], made["is_superuser"]) == ("bob@shop.test", "member", False)
    assert len(made["password"]) == 20
    kept = directory.user_by_email("bob@shop.test")
    assert kept is not None
    assert is_right(made["password"], kept.password_hash)
    assert made["password"] not in run("list", "--json").stdout


def test_a_superuser_is_made(run: Run, directory: Directory) -> None:
    assert "password  " in run("create", "bob@shop.test", "--role", "owner", "--superuser").stdout
    (bob,) = directory.members(1)
    assert (bob.role, bob.user.is_superuser) == ("owner", True)
    assert run("list").stdout.split() == ["1", "owner,", "superuser", "bob@shop.test"]


def test_people_are_listed_by_role(run: Run, person: Callable[..., User]) -> None:
    person("ann", "admin")
    assert run("list").stdout.split() == ["1", "admin", "ann@shop.test"]


def test_a_person_who_is_there_already_is_refused(run: Run, person: Callable[..., User]) -> None:
    person("ann")
    with pytest.raises(Reject) as refusal:
        run("create", "ANN@SHOP.TEST")
    assert refusal.value.status == 409


def test_somebody_of_another_organisation_gets_a_place_and_keeps_their_password(
    run: Run, directory: Directory, person: Callable[..., User]
) -> None:
    ann = person("ann")
    other = directory.add_organisation("other", "Other", AUDIT)
    made = json.loads(run("create", ann.email, "--role", "admin", "--organisation", "other", "--json").stdout)
    assert "password" not in made
    assert [(place.organisation, place.role) for place in directory.memberships(ann.id)] == [
        (1, "member"),
        (other.id, "admin"),
    ]
    assert directory.user(ann.id) == ann


@pytest.mark.parametrize("email", ["ann", "@shop.test", "ann@", "a b@shop.test", "a:b@shop.test", "a\x1b@shop.test"])
def test_what_is_no_email_is_refused(run: Run, email: str) -> None:
    answer = run("create", email)
    assert answer.exit_code == 2
    assert "is no e-mail address" in answer.stderr


@pytest.mark.parametrize(
    ("given", "why"), [("short", "at least 10"), ("x" * 1001, "at most 1000"), ("bob@shop.test", "not the e-mail")]
)
def test_a_bad_password_is_refused(run: Run, given: str, why: str) -> None:
    answer = run("create", "bob@shop.test", "--password-stdin", input=f"{given}\n")
    assert answer.exit_code == 2
    assert why in answer.stderr


def test_a_new_password_ends_every_session(run: Run, directory: Directory, person: Callable[..., User]) -> None:
    ann = person("ann")
    directory.add_session(Session(0, ann.id, 1, 1.0, 1.0, 1e12, "", ""), b"x" * 32, AUDIT)
    assert run("password", ann.email, "--password-stdin", input="a new password\n").exit_code == 0
    changed = directory.user(ann.id)
    assert changed is not None
    assert is_right("a new password", changed.password_hash)
    assert directory.session(b"x" * 32) is None
    made = json.loads(run("password", ann.email, "--json").stdout)
    assert len(made["password"]) == 20


def test_a_person_is_removed(run: Run, directory: Directory, person: Callable[..., User]) -> None:
    person("owen", "owner")
    ann = person("ann")
    assert "no place in Acme any more" in run("remove", ann.email).stdout
    assert [member.user.name for member in directory.members(1)] == ["Owen"]
    with pytest.raises(Reject, match="no place in Acme"):
        run("remove", ann.email)


def test_the_last_owner_stays(run: Run, person: Callable[..., User]) -> None:
    owner = person("owen", "owner")
    with pytest.raises(Reject) as refusal:
        run("remove", owner.email)
    assert refusal.value.status == 409


def test_what_a_person_may_do_is_changed(run: Run, directory: Directory, person: Callable[..., User]) -> None:
    ann = person("ann")
    told = json.loads(run("change", ann.email, "--role", "owner", "--superuser", "--json").stdout)
    assert told == {"id": ann.id, "email": ann.email, "role": "owner", "is_superuser": True}
    (member,) = directory.members(1)
    assert (member.role, member.user.is_superuser) == ("owner", True)
    assert "is changed" in run("change", ann.email, "--no-superuser").stdout
    assert not directory.members(1)[0].user.is_superuser
    with pytest.raises(Reject, match="nothing to change"):
        run("change", ann.email)


@pytest.mark.parametrize("command", ["password", "remove", "change"])
def test_nobody_known_is_said_with_what_to_do(run: Run, command: str) -> None:
    with pytest.raises(Reject, match="amber user list"):
        run(command, "nobody@shop.test")
