"""Facts handed to plugins, and the alerts they answer on their way to targets: each is told once."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from amber.bus import DONE, TASKS
from amber.delivering.tasks import Task
from amber.desks.overrides import Overrides
from amber.errands.hearing import Hearing
from amber.errors import PluginError, Reject, Retry
from amber.model import Alert, Fact, Notification, PluginSettings
from amber.plugin.manifest import Manifest, Scopes
from amber.tables.vault import Vault
from amber.testing.memorybus import MemoryBus
from amber.testing.stores import NOON
from amber.testing.targets import SHOP, TargetShelf, target

pytestmark = pytest.mark.anyio
CREATED = Fact("f1", "issue.created", SHOP.id, NOON, {})
ALERT = Alert("KeyError", culprit="cart", level="error", issue_id="7", short_id="SHOP-7", event_id="e" * 32)


class Ward:
    """A plugin that evaluates facts as a test tells it to, beside a bus and targets."""

    def __init__(self, house: Any, bus: MemoryBus) -> None:
        self.house, self.bus, self.shelf = house, bus, TargetShelf(target(1), target(2, kinds=("issue.regressed",)))
        settings = SimpleNamespace(server=SimpleNamespace(url="https://amber.example"))
        stores = SimpleNamespace(directory=self.shelf)
        told = Manifest("watch", "", "", (), settings=Scopes(organisation=("enabled",)))
        plugins = {name: SimpleNamespace(manifest=told) for name in ("watch", "pager")}
        registry: Any = SimpleNamespace(plugins=plugins)
        self.overrides = Overrides(registry, lambda: Vault([]))
        kernel: Any = SimpleNamespace(
            dispatcher=house.dispatcher, stores=stores, settings=settings, overrides=self.overrides
        )
        self.hearing = Hearing(kernel, bus)

    def answer(self, *alerts: Any, plugin: str = "watch") -> None:
        self.house.add(plugin, evaluate_fact=lambda fact, project: list(alerts))

    async def hear(self, fact: Fact = CREATED, plugin: str = "watch") -> None:
        await self.hearing.hear(plugin, fact)

    def queued(self) -> list[tuple[str, int, Notification]]:
        """What was queued, with the plugin that delivers it and the target it is for."""
        stored = self.bus.stored(TASKS).values()
        tasks = [(one.subject.split(".")[3], msgspec.json.decode(one.data, type=Task)) for one in stored]
        return [(plugin, task.target, task.notification) for plugin, task in tasks]

    def switch_off(self, plugin: str) -> None:
        self.overrides.take([PluginSettings(plugin, {"enabled": False}, organisation=SHOP.organisation)])

    def told(self) -> list[int]:
        return [number for _, number, _ in self.queued()]


@pytest.fixture
def ward(house: Any, bus: MemoryBus) -> Ward:
    return Ward(house, bus)


async def test_an_alert_goes_to_the_targets_that_want_such_news(ward: Ward) -> None:
    ward.answer(ALERT)
    await ward.hear()
    [(plugin, number, told)] = ward.queued()
    assert (plugin, number) == ("pager", 1)
    assert told == Notification(
        id=told.id,
        kind="issue.created",
        project=1,
        project_slug="shop",
        project_name="Shop",
        title="KeyError",
        at=NOON,
        url="https://amber.example/issues/7",
        culprit="cart",
        level="error",
        issue_id="7",
        short_id="SHOP-7",
        event_id="e" * 32,
    )


@pytest.mark.parametrize(
    ("alert", "told"),
    [
        (replace(ALERT, targets="all"), [1, 2]),
        (replace(ALERT, targets=(2, 3, 9)), [2]),
        (replace(ALERT, targets=()), []),
        (replace(ALERT, kind="issue.regressed"), [1, 2]),
        (replace(ALERT, kind="nobody.asked"), []),
    ],
)
async def test_an_alert_says_whom_it_is_for(ward: Ward, alert: Alert, told: list[int]) -> None:
    ward.shelf.kept[3] = target(3, is_enabled=False)
    ward.shelf.kept[9] = replace(target(9), project=2)
    ward.answer(alert)
    await ward.hear()
    assert ward.told() == told


async def test_a_page_of_the_plugins_own_is_where_the_alert_leads(ward: Ward) -> None:
    ward.answer(Alert("late", page="/projects/shop/pages/x", key="a"), Alert("late", key="b"))
    await ward.hear()
    urls = [told.url for *_, told in ward.queued()]
    assert urls == ["https://amber.example/projects/shop/pages/x", "https://amber.example"]


async def test_a_fact_heard_again_tells_nobody_again_however_late(ward: Ward) -> None:
    ward.answer(ALERT)
    await ward.hear()
    ward.bus.forget_ids()
    ward.shelf.kept[5] = target(5)
    await ward.hear()
    assert ward.told() == [1]


async def test_what_was_not_queued_whole_is_queued_again(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.answer(ALERT)
    publish = ward.bus.publish

    async def fail(subject: str, *given: Any, **more: Any) -> None:
        if subject.startswith(DONE.subjects.rstrip("*")):
            raise Retry
        await publish(subject, *given, **more)

    monkeypatch.setattr(ward.bus, "publish", fail)
    with pytest.raises(Retry):
        await ward.hear()
    monkeypatch.undo()
    ward.shelf.kept[5] = target(5)
    await ward.hear()
    assert ward.told() == [1, 5]


async def test_alerts_of_one_key_are_told_once_whatever_facts_lead_to_them(ward: Ward) -> None:
    ward.answer(replace(ALERT, key="storm in SHOP-7"))
    await ward.hear()
    await ward.hear(replace(CREATED, id="f2"))
    assert ward.told() == [1]


async def test_alerts_of_two_plugins_or_about_two_facts_are_two(ward: Ward) -> None:
    ward.answer(ALERT)
    ward.answer(ALERT, plugin="other")
    for plugin, fact in (("watch", CREATED), ("other", CREATED), ("watch", replace(CREATED, id="f2"))):
        await ward.hear(fact, plugin)
    assert ward.told() == [1, 1, 1]


async def test_a_fact_about_no_project_is_not_evaluated(ward: Ward) -> None:
    ward.answer(ALERT)
    await ward.hear(replace(CREATED, project=9))
    assert ward.told() == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("no alert", "something else than Alerts"),
        (Alert(7), "Expected `str`, got `int`"),  # type: ignore[arg-type]  # what a plugin may answer all the same
        (Alert("x" * 2001), "length <= 2000"),
        (Alert("x", page="evil.example"), "page"),
        (Alert("x", targets="everybody"), "targets"),  # type: ignore[arg-type]  # as above
    ],
)
async def test_rubbish_is_the_plugins_failure(ward: Ward, answer: Any, words: str) -> None:
    ward.answer(answer)
    with pytest.raises(PluginError, match=words):
        await ward.hear()
    assert ward.told() == []


async def test_two_alerts_that_could_not_be_told_apart_are_refused(ward: Ward) -> None:
    ward.answer(ALERT, replace(ALERT, title="another"))
    with pytest.raises(PluginError, match="the same key"):
        await ward.hear()


@pytest.mark.parametrize("error", [Retry(5), Reject("never")])
async def test_what_a_plugin_raises_on_purpose_passes(ward: Ward, error: Exception) -> None:
    def evaluate_fact(fact: Fact) -> list[Alert]:
        raise error

    ward.house.add("watch", evaluate_fact)
    with pytest.raises(type(error)):
        await ward.hear()


@pytest.mark.parametrize(
    ("answers", "heard"),
    [
        (("on_fact",), ["on_fact"]),
        (("evaluate_fact",), ["evaluate_fact"]),
        (("evaluate_fact", "on_fact"), ["on_fact", "evaluate_fact"]),
    ],
)
async def test_a_plugin_is_asked_what_it_answers(ward: Ward, answers: tuple[str, ...], heard: list[str]) -> None:
    asked: list[str] = []

    def listener(hook: str) -> Callable[..., Any]:
        return lambda fact: asked.append(hook) or ()

    ward.house.add("watch", **{hook: listener(hook) for hook in answers})
    await ward.hear()
    assert asked == heard


async def test_a_plugin_that_hears_nothing_any_more_loses_no_fact(ward: Ward) -> None:
    with pytest.raises(PluginError, match="does not answer this hook"):
        await ward.hear(plugin="gone")


@pytest.mark.parametrize("hook", ["on_fact", "evaluate_fact"])
async def test_a_plugin_hears_nothing_of_an_organisation_that_does_without_it(ward: Ward, hook: str) -> None:
    heard: list[str] = []
    ward.house.add("watch", **{hook: lambda fact: heard.append(fact.id) or []})
    ward.switch_off("watch")
    await ward.hear()
    assert heard == []
    ward.overrides.take([])
    await ward.hear()
    assert heard == ["f1"]


async def test_targets_of_a_plugin_that_an_organisation_does_without_are_told_nothing(ward: Ward) -> None:
    ward.answer(ALERT)
    ward.switch_off("pager")
    await ward.hear()
    assert ward.told() == []
