"""Who may change whom."""

from typing import get_args

import pytest

from amber.model import (
    GRANTS,
    SCOPES,
    Member,
    Principal,
    Role,
    User,
    actor_of,
    may_grant,
    may_invite,
    may_remove,
    may_set_role,
    may_set_superuser,
    person_of,
)

ROLES: tuple[Role, ...] = get_args(Role)
ACTOR, SUBJECT = 1, 2


def member(role: Role, user: int = SUBJECT) -> Member:
    return Member(User(user, f"{user}@shop.test", "", "", 1.0), 1, role, 1.0)


@pytest.mark.parametrize("new", ROLES)
@pytest.mark.parametrize("old", ROLES)
@pytest.mark.parametrize("actor", ROLES)
def test_owners_do_all_admins_do_what_owners_are_not_part_of_members_do_nothing(
    actor: Role, old: Role, new: Role
) -> None:
    refusal = may_set_role({GRANTS[actor]}, ACTOR, member(old), new)
    is_allowed = actor == "owner" or (actor == "admin" and "owner" not in (old, new))
    assert (refusal is None) == is_allowed


@pytest.mark.parametrize("scope", SCOPES)
def test_nobody_raises_their_own_role(scope: str) -> None:
    assert may_set_role({scope}, SUBJECT, member("member"), "admin") is not None
    assert may_set_role({scope}, SUBJECT, member("admin"), "owner") is not None


def test_people_lower_their_own_role() -> None:
    assert may_set_role({"org:owner"}, SUBJECT, member("owner"), "member") is None
    assert may_set_role({"org:admin"}, SUBJECT, member("admin"), "member") is None


def test_a_program_has_no_role_of_its_own_to_raise() -> None:
    assert may_set_role({"org:owner"}, 0, member("member"), "owner") is None


@pytest.mark.parametrize(
    ("scope", "role", "is_allowed"),
    [
        ("org:owner", "owner", True),
        ("org:admin", "owner", False),
        ("org:admin", "admin", True),
        ("admin", "owner", True),
        ("project:admin", "member", False),
    ],
)
def test_who_may_take_a_place_away_or_keep_one_for_somebody(scope: str, role: Role, is_allowed: bool) -> None:
    assert (may_remove({scope}, ACTOR, member(role)) is None) == is_allowed
    assert (may_invite({scope}, role) is None) == is_allowed


@pytest.mark.parametrize("role", ROLES)
def test_everybody_may_leave(role: Role) -> None:
    assert may_remove(set(), SUBJECT, member(role)) is None


def test_only_superusers_make_superusers() -> None:
    assert may_set_superuser({"org:owner"}) is not None
    assert may_set_superuser({"project:read", "admin"}) is None


def test_a_token_reaches_no_further_than_its_maker() -> None:
    assert may_grant({"org:admin"}, ["project:read", "org:admin"]) is None
    assert may_grant({"org:admin"}, ["org:owner"]) is not None


@pytest.mark.parametrize(
    ("principal", "person", "actor"),
    [
        (Principal("user", "7", "Ann"), 7, "user:7"),
        (Principal("token", "7", "ci"), 0, "token:7"),
        (Principal("token", "ember-admin", "Ann"), 0, "token:ember-admin (Ann)"),
        (Principal("anonymous"), 0, "anonymous:"),
    ],
)
def test_who_asks_is_named_so_that_nobody_is_taken_for_another(principal: Principal, person: int, actor: str) -> None:
    assert person_of(principal) == person
    assert actor_of(principal) == actor
