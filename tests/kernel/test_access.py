from types import SimpleNamespace
from typing import Any

import pytest

from amber.errors import Denied, Unavailable
from amber.identity.access import BAD_FOR, GOOD_FOR, REMEMBERED, Access, KeyCache
from amber.model import AuthRequest, Principal, Project, Resource

pytestmark = pytest.mark.anyio
NOBODY, ANN = Principal("anonymous"), Principal("user", "1")
NOWHERE: Any = SimpleNamespace(project=lambda ref: None)
PAGE = AuthRequest("GET", "/", {}, "192.0.2.1")


def key_request(key: str = "k", project: str = "1", **headers: str) -> AuthRequest:
    return AuthRequest("POST", "", headers, "192.0.2.1", key, project)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_the_first_plugin_that_knows_says_who_it_is(house: Any) -> None:
    house.add("a", authenticate=lambda: None)
    house.add("b", authenticate=lambda: ANN)
    house.add("c", authenticate=lambda: Principal("user", "2"))
    assert await Access(house.dispatcher).authenticate(PAGE) == ANN


async def test_whom_nobody_knows_is_anonymous(house: Any) -> None:
    assert await Access(house.dispatcher).authenticate(PAGE) == NOBODY


async def test_a_refusal_ends_the_search(house: Any) -> None:
    def authenticate() -> None:
        raise Denied("revoked", status=401)

    house.add("a", authenticate)
    house.add("b", authenticate=lambda: ANN)
    with pytest.raises(Denied, match="revoked"):
        await Access(house.dispatcher).authenticate(PAGE)


@pytest.mark.parametrize("rubbish", ["ann", 5, True, {"kind": "user"}])
async def test_rubbish_for_a_principal_is_passed_over(house: Any, rubbish: Any) -> None:
    house.add("a", authenticate=lambda: rubbish)
    house.add("b", authenticate=lambda: ANN)
    assert await Access(house.dispatcher).authenticate(PAGE) == ANN
    assert house.metrics.cost("a").errors == 1


async def authorise(house: Any, principal: Principal = ANN, action: str = "project:read") -> None:
    await Access(house.dispatcher).authorise(principal, action, Resource(1))


async def test_silence_denies(house: Any) -> None:
    with pytest.raises(Denied) as raised:
        await authorise(house)
    assert raised.value.status == 403
    house.add("a", authorise=lambda: None)
    with pytest.raises(Denied) as raised:
        await authorise(house, NOBODY)
    assert raised.value.status == 401


async def test_what_is_public_needs_nobody(house: Any) -> None:
    await authorise(house, NOBODY, "public")


async def test_one_denial_outweighs_every_yes(house: Any) -> None:
    house.add("a", authorise=lambda: True)
    await authorise(house)
    house.add("z", authorise=lambda: False)
    with pytest.raises(Denied, match="this needs project:read"):
        await authorise(house)


def fail() -> None:
    raise ZeroDivisionError


async def never() -> bool:
    import asyncio

    await asyncio.Event().wait()
    return True


@pytest.mark.parametrize("bad", [fail, never, lambda: "yes", lambda: 1])
async def test_a_plugin_that_cannot_decide_denies(house: Any, bad: Any) -> None:
    house.add("a", authorise=lambda: True)
    house.add("bad", authorise=bad, budget_ms=20)
    with pytest.raises(Denied, match="bad could not decide about project:read"):
        await authorise(house)
    assert house.metrics.cost("bad").errors == 1


async def test_a_key_is_remembered_until_somebody_tells_of_a_change(house: Any) -> None:
    clock, asked = Clock(), []

    def authenticate(request: AuthRequest) -> Principal:
        asked.append(request.key)
        return Principal("key", request.key, projects=frozenset({1}))

    house.add("keys", authenticate)
    keys = KeyCache(Access(house.dispatcher), NOWHERE, clock)
    for _ in range(3):
        assert (await keys.principal(key_request())).project == 1
    assert len(asked) == 1
    clock.now += GOOD_FOR + 1
    await keys.principal(key_request())
    assert len(asked) == 2
    keys.clear()
    await keys.principal(key_request())
    assert len(asked) == 3


async def test_an_answer_from_before_a_change_is_not_remembered(house: Any) -> None:
    asked = []

    def authenticate(request: AuthRequest) -> Principal:
        asked.append(request.key)
        if len(asked) == 1:
            keys.clear()  # the key is switched off while it is being looked up
        return Principal("key", request.key, projects=frozenset({1}))

    house.add("keys", authenticate)
    keys = KeyCache(Access(house.dispatcher), NOWHERE, Clock())
    await keys.principal(key_request())
    await keys.principal(key_request())
    await keys.principal(key_request())
    assert len(asked) == 2


async def test_keys_are_told_apart_by_project_and_origin(house: Any) -> None:
    asked = []

    def authenticate(request: AuthRequest) -> Principal:
        asked.append(request)
        return Principal("key", projects=frozenset({1}))

    house.add("keys", authenticate)
    keys = KeyCache(Access(house.dispatcher), NOWHERE)
    for request in (key_request(), key_request(project="2"), key_request(origin="o"), key_request(referer="o")):
        await keys.principal(request)
    assert len(asked) == 3


async def test_a_bad_key_is_remembered_for_a_moment(house: Any) -> None:
    clock, asked = Clock(), []

    def authenticate() -> Principal | None:
        asked.append(1)
        if len(asked) == 1:
            raise Denied("revoked", status=401)
        return None

    house.add("keys", authenticate)
    keys = KeyCache(Access(house.dispatcher), NOWHERE, clock)
    for _ in range(2):
        with pytest.raises(Denied, match="revoked") as raised:
            await keys.principal(key_request())
        assert raised.value.status == 401
    clock.now += BAD_FOR + 0.1
    with pytest.raises(Denied, match="unknown key") as raised:
        await keys.principal(key_request())
    assert raised.value.status == 403
    assert len(asked) == 2


def by_turns(*answers: Any) -> Any:
    left = list(answers)

    def authenticate() -> Principal:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    return authenticate


AWAY = Unavailable("the database is away")
KEY = Principal("key", projects=frozenset({1}))


@pytest.mark.parametrize("failure", [AWAY, ZeroDivisionError("a fault of the plugin")])
async def test_a_failure_is_no_verdict_about_a_key(house: Any, failure: Exception) -> None:
    house.add("keys", authenticate=by_turns(failure, KEY))
    keys = KeyCache(Access(house.dispatcher), NOWHERE)
    with pytest.raises(Unavailable):
        await keys.principal(key_request())
    assert (await keys.principal(key_request())).project == 1


async def test_a_key_that_worked_goes_on_working_through_an_outage(house: Any) -> None:
    clock = Clock()
    house.add("keys", authenticate=by_turns(KEY, AWAY, Denied("revoked"), AWAY))
    keys = KeyCache(Access(house.dispatcher), NOWHERE, clock)
    for _ in range(2):
        assert await keys.principal(key_request()) == KEY
        clock.now += GOOD_FOR + 1
    with pytest.raises(Denied):
        await keys.principal(key_request())
    clock.now += GOOD_FOR
    with pytest.raises(Unavailable):
        await keys.principal(key_request())


@pytest.mark.parametrize(
    ("request_", "is_known"), [(PAGE, False), (AuthRequest("GET", "/", {"authorization": "x"}, ""), True)]
)
async def test_who_shows_nothing_is_anonymous_although_a_plugin_failed(
    house: Any, request_: AuthRequest, is_known: bool
) -> None:
    house.add("bad", authenticate=by_turns(ZeroDivisionError("oh")))
    access = Access(house.dispatcher)
    if is_known:
        with pytest.raises(Unavailable, match="plugin bad failed"):
            await access.authenticate(request_)
    else:
        assert await access.authenticate(request_) == NOBODY


async def test_a_keys_project_is_remembered_until_somebody_tells_of_a_change(house: Any, project: Project) -> None:
    clock = Clock()
    answers = [project, None, project]
    directory: Any = SimpleNamespace(project=lambda ref: answers.pop(0))
    keys = KeyCache(Access(house.dispatcher), directory, clock)
    for _ in range(2):
        assert await keys.project(1) == project
    clock.now += GOOD_FOR + 1
    with pytest.raises(Denied):
        await keys.project(1)
    assert await keys.project(1) == project
    keys.clear()
    assert not answers


async def test_only_so_many_keys_are_remembered(house: Any) -> None:
    house.add("keys", authenticate=lambda: None)
    keys = KeyCache(Access(house.dispatcher), NOWHERE)

    class Quick(Access):
        async def authenticate(self, request: AuthRequest) -> Principal:
            return Principal("key", request.key, projects=frozenset({1}))

    keys = KeyCache(Quick(house.dispatcher), NOWHERE)
    for number in range(REMEMBERED + 5):
        await keys.principal(key_request(str(number)))
    assert len(keys._known) == REMEMBERED
