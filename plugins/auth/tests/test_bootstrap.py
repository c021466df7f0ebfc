import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from click.testing import CliRunner

from amber import Context
from amber.errors import Reject
from amber.model import AuditEntry, Directory, Member, User
from amber_auth.password.bootstrap import Start, bootstrap
from amber_auth.password.commands import first_start
from amber_auth.password.hashing import is_right

AUDIT = AuditEntry(0, "test", "test", "", 1.0)


@pytest.fixture
def ctx(contexts: Callable[[str], Context[Any]], monkeypatch: pytest.MonkeyPatch) -> Context[Any]:
    for name in ("AMBER_OWNER_EMAIL", "AMBER_OWNER_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return contexts("password")


def run(ctx: Context[Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(CliRunner().invoke(first_start, ["--json"], obj=ctx).stdout)
    return answer


def test_a_new_installation_gets_an_owner_and_a_project_with_a_key(ctx: Context[Any], directory: Directory) -> None:
    start = run(ctx)
    (owner,) = directory.members(1)
    (key,) = directory.keys(start["project_id"])
    assert start == {
        "created": True,
        "email": "owner@localhost",
        "password": start["password"],
        "organisation": "amber",
        "project_id": 1,
        "slug": "first",
        "public_key": key.public_key,
    }
    assert owner.role == "owner"
    assert owner.user.is_superuser
    assert is_right(start["password"], owner.user.password_hash)


def test_the_second_start_makes_nothing_and_tells_no_password(ctx: Context[Any], directory: Directory) -> None:
    first, second = run(ctx), run(ctx)
    assert second == {"created": False, "project_id": 1, "slug": "first", "public_key": first["public_key"]}
    assert len(directory.members(1)) == len(directory.projects(1)) == len(directory.organisations()) == 1


def test_the_environment_may_name_the_owner_and_their_password(
    ctx: Context[Any], directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMBER_OWNER_EMAIL", "ann@shop.test")
    monkeypatch.setenv("AMBER_OWNER_PASSWORD", "correct horse battery")
    start = run(ctx)
    assert start["email"] == "ann@shop.test"
    assert "password" not in start
    assert is_right("correct horse battery", directory.members(1)[0].user.password_hash)


def test_a_start_that_was_cut_short_is_finished_by_the_next(ctx: Context[Any], directory: Directory) -> None:
    directory.add_organisation("amber", "Amber", AUDIT)
    start = run(ctx)
    assert start["created"]
    assert start["slug"] == "first"


def test_what_people_made_themselves_is_kept(ctx: Context[Any], directory: Directory) -> None:
    home = directory.add_organisation("acme", "Acme", AUDIT)
    shop = directory.add_project(home.id, "shop", "Shop", "python", AUDIT)
    ann = directory.add_user(User(0, "ann@shop.test", "", "", 1.0), AUDIT)
    directory.add_member(home.id, ann.id, "owner", AUDIT)
    directory.change_key(directory.keys(shop.id)[0].id, False, AUDIT)
    fresh = directory.add_key(shop.id, "second", AUDIT)
    start = run(ctx)
    assert start == {"created": False, "project_id": shop.id, "slug": "shop", "public_key": fresh.public_key}


def test_four_first_starts_at_once_make_one_owner(ctx: Context[Any], directory: Directory) -> None:
    barrier = Barrier(4)

    def start(_: int) -> Start:
        barrier.wait()
        return bootstrap(ctx)

    with ThreadPoolExecutor(4) as pool:
        starts = list(pool.map(start, range(4)))
    assert sum(one.created for one in starts) == 1
    assert len({(one.project_id, one.public_key) for one in starts}) == 1
    assert len(directory.members(1)) == len(directory.projects(1)) == len(directory.organisations()) == 1


def test_a_first_start_that_loses_every_race_answers_what_the_winner_made(
    ctx: Context[Any], directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look finds nothing the first time, as if the winner had been a moment quicker each time."""
    run(ctx)
    for name in ("organisations", "projects", "members"):
        monkeypatch.setattr(directory, name, late(getattr(directory, name)))
    start = run(ctx)
    assert not start["created"]
    assert start["slug"] == "first"


def late(look: Callable[..., Any]) -> Callable[..., Any]:
    looks = iter([True])

    def blind_once(*args: Any) -> Any:
        return () if next(looks, False) else look(*args)

    return blind_once


def test_a_start_cut_short_between_invitation_and_owner_is_finished_by_the_next(
    ctx: Context[Any], directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> Member:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(directory, "accept_invitation", killed)
        with pytest.raises(KeyboardInterrupt):
            bootstrap(ctx)
    assert directory.user_by_email("owner@localhost") is None
    assert run(ctx)["password"]
    assert directory.invitations(1) == ()


def test_somebody_who_is_known_by_the_owners_address_keeps_their_password(
    ctx: Context[Any], directory: Directory
) -> None:
    known = directory.add_user(User(0, "owner@localhost", "", "their hash", 1.0), AUDIT)
    start = run(ctx)
    assert not start["created"]
    assert "password" not in start
    assert directory.user(known.id) == known
    assert directory.members(1)[0].user == known


@pytest.mark.parametrize("step", ["add_project", "add_invitation"])
def test_a_step_that_is_refused_for_another_reason_stops_the_start(
    ctx: Context[Any], directory: Directory, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def refuse(*_: object) -> None:
        raise Reject("the disk is full", status=507)

    monkeypatch.setattr(directory, step, refuse)
    with pytest.raises(Reject, match="the disk is full"):
        bootstrap(ctx)
