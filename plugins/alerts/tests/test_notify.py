import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from amber import Context
from amber.model import Fact, Notification, Target
from amber.testing.contexts import make_context, make_services
from amber.testing.stores import NOON
from amber.testing.targets import SHOP, TargetShelf, target
from amber_alerts import notify

pytestmark = pytest.mark.anyio
DATA = {
    "issue_id": "7",
    "short_id": "SHOP-7",
    "title": "KeyError: 'coffee'",
    "culprit": "shop.cart",
    "level": "error",
    "event_id": "e" * 32,
    "project_id": "1",
}
CREATED = Fact("f1", "issue.created", SHOP.id, NOON, DATA)


class Desk:
    """Remembers what was queued."""

    def __init__(self) -> None:
        self.queued: list[tuple[int, Notification]] = []

    async def send(self, target: Target, notification: Notification) -> None:
        await asyncio.sleep(0)
        self.queued.append((target.id, notification))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def context(desk: Desk, *targets: Target) -> Context[Any]:
    services = make_services(Path())
    services.kernel.update(public_url="https://amber.example", targets=desk)
    return make_context(notify, None, services, directory=TargetShelf(*targets))


async def test_each_target_that_wants_the_news_is_told(desk: Desk) -> None:
    regressions = ("issue.regressed",)
    ctx = context(desk, target(1), target(2, kinds=regressions), target(3, is_enabled=False), target(4))
    await notify.on_fact(CREATED, ctx)
    assert [number for number, _ in desk.queued] == [1, 4]
    await notify.on_fact(replace(CREATED, id="f2", type="issue.regressed"), ctx)
    assert [number for number, _ in desk.queued] == [1, 4, 1, 2, 4]


async def test_people_are_told_what_where_and_how_to_get_there(desk: Desk) -> None:
    await notify.on_fact(CREATED, context(desk, target()))
    assert desk.queued == [
        (
            1,
            Notification(
                id="f1",
                kind="issue.created",
                project=1,
                project_slug="shop",
                project_name="Shop",
                title="KeyError: 'coffee'",
                at=NOON,
                url="https://amber.example/issues/7",
                culprit="shop.cart",
                level="error",
                issue_id="7",
                short_id="SHOP-7",
                event_id="e" * 32,
            ),
        )
    ]


async def test_a_fact_heard_twice_gives_the_same_notification(desk: Desk) -> None:
    ctx = context(desk, target())
    await notify.on_fact(CREATED, ctx)
    await notify.on_fact(CREATED, ctx)
    first, second = desk.queued
    assert first == second


async def test_a_project_without_targets_or_none_at_all_is_told_nothing(desk: Desk) -> None:
    await notify.on_fact(CREATED, context(desk))
    await notify.on_fact(replace(CREATED, project=9), context(desk, target()))
    assert desk.queued == []


def test_a_fact_with_less_in_it_is_news_all_the_same() -> None:
    told = notify.tell(
        Fact("f1", "issue.created", 1, NOON, {"issue_id": 7, "culprit": None}), SHOP, "https://a.example"
    )
    assert (told.issue_id, told.title, told.culprit, told.url) == ("7", "", "", "https://a.example/issues/7")
