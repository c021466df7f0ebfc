import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta, Struct
from msgspec.structs import replace

from amber import Secret, hookimpl
from amber.bus import TASKS, Bus
from amber.cli.secrets import reseal
from amber.config import Settings
from amber.delivering.sending import Sender
from amber.delivering.tasks import Task, queue_task
from amber.desks.targets import HIDDEN, TargetDesk
from amber.errors import ConfigError, Reject, Retry
from amber.metrics import Metrics
from amber.model import Attempt, FormField, Notification, Organisation, Project, Receipt, TargetType
from amber.plugin.context import Services
from amber.plugin.dispatch import Dispatcher
from amber.plugin.manifest import Manifest
from amber.registry import Registry
from amber.tables.vault import Vault, is_sealed, new_key
from amber.testing.memorybus import MemoryBus
from amber.testing.targets import SHOP, TargetShelf, news, target

pytestmark = pytest.mark.anyio


class TargetConfig(Struct, frozen=True, forbid_unknown_fields=True):
    number: Annotated[str, Meta(description="Whom to page")]
    pin: Annotated[Secret, Meta(description="What proves who we are")] = Secret()
    days: Annotated[tuple[str, ...], Meta(description="When")] = ("mon",)

    def __post_init__(self) -> None:
        if self.pin == "0000":
            raise ValueError("pin: is too simple")


@hookimpl
def deliver(notification: Notification, target: TargetConfig) -> Receipt:
    if target.number == "busy":
        raise Retry(reason="nobody answers")
    return Receipt(f"paged {target.number} with {target.pin}: {notification.title}")


class Desk:
    """A desk over one plugin, `pager`, and another that asks for nothing, `bell`."""

    def __init__(self, data: Path, bus: Bus | None) -> None:
        registry = self.registry = Registry(Settings(), {})
        dispatcher = Dispatcher(registry.manager, Metrics())
        self.shelf, self.vault = TargetShelf(target(settings={"number": "112"})), Vault([new_key()])
        services = Services(data)
        services.roles["directory"] = self.shelf
        module, bell = ModuleType("pager"), ModuleType("bell")
        module.deliver, module.TargetConfig = deliver, TargetConfig  # type: ignore[attr-defined]
        bell.deliver = hookimpl(lambda: Receipt())  # type: ignore[attr-defined]
        registry.add("pager", module)
        registry.plugins["pager"].manifest = Manifest("pager", "Pager", "Pages people.", ("integrations",))
        registry.add("bell", bell)
        self.close = dispatcher.close
        sender = self.sender = Sender(registry, dispatcher, services, lambda: self.vault)
        self.open = TargetDesk(sender, "https://amber.example", lambda: bus)


@pytest.fixture
def desk(tmp_path: Path, bus: MemoryBus) -> Iterator[Desk]:
    made = Desk(tmp_path, bus)
    yield made
    made.close()


def test_every_plugin_that_delivers_is_a_kind_of_target(desk: Desk) -> None:
    fields = (
        FormField("number", "Whom to page", "text", True),
        FormField("pin", "What proves who we are", "secret", False),
        FormField("days", "When", "list", False, ("mon",)),
    )
    assert desk.open.types() == [
        TargetType("bell", "bell", "", ()),
        TargetType("pager", "Pager", "Pages people.", fields),
    ]


def test_settings_are_kept_with_their_secrets_sealed(desk: Desk) -> None:
    settings = desk.open.check("pager", {"number": " 112 ", "pin": "1234", "days": "mon\ntue"})
    assert is_sealed(settings["pin"])
    assert desk.vault.open(settings["pin"]) == "1234"
    assert {**settings, "pin": ""} == {"number": "112", "pin": "", "days": ["mon", "tue"]}
    assert msgspec.json.decode(msgspec.json.encode(settings)) == settings


def test_a_secret_that_is_not_given_is_none(desk: Desk) -> None:
    assert desk.open.check("pager", {"number": "112"}) == {"number": "112", "pin": "", "days": ["mon"]}


@pytest.mark.parametrize("given", [{"number": "110"}, {"number": "110", "pin": ""}])
def test_an_empty_secret_keeps_the_one_there_is(desk: Desk, given: dict[str, Any]) -> None:
    kept = desk.open.check("pager", {"number": "112", "pin": "1234"})
    assert desk.open.check("pager", given, kept) == {**kept, "number": "110"}


def test_a_new_secret_replaces_the_old_and_null_takes_it_away(desk: Desk) -> None:
    kept = desk.open.check("pager", {"number": "112", "pin": "1234"})
    changed = desk.open.check("pager", {"number": "112", "pin": "5678"}, kept)
    assert desk.vault.open(changed["pin"]) == "5678"
    assert desk.open.check("pager", {"number": "112", "pin": None}, kept)["pin"] == ""


def test_a_sealed_value_cannot_be_brought_in_from_outside(desk: Desk) -> None:
    with pytest.raises(Reject) as rejected:
        desk.open.check("pager", {"number": "112", "pin": desk.vault.seal("1234")})
    assert rejected.value.causes == ("pin: expected Secret",)


@pytest.mark.parametrize(
    ("values", "causes"),
    [
        ({"pin": "1", "color": "red"}, ("color: there is no such field", "number: is missing")),
        ({"number": "112", "pin": "0000"}, ("pin: is too simple",)),
    ],
)
def test_mistakes_are_told_by_field(desk: Desk, values: dict[str, Any], causes: tuple[str, ...]) -> None:
    with pytest.raises(Reject) as rejected:
        desk.open.check("pager", values)
    assert rejected.value.causes == causes


def test_a_plugin_that_does_not_run_is_told(desk: Desk) -> None:
    with pytest.raises(Reject, match="plugin fax is not running"):
        desk.open.check("fax", {})


def test_a_secret_is_never_shown_only_that_there_is_one(desk: Desk) -> None:
    with_pin = target(settings=desk.open.check("pager", {"number": "112", "pin": "1234"}))
    without = target(settings=desk.open.check("pager", {"number": "112"}))
    assert desk.open.shown(with_pin) == {"number": "112", "pin": HIDDEN, "days": ["mon"]}
    assert desk.open.shown(without)["pin"] == ""


async def test_a_test_message_is_sent_at_once_and_tells_how_it_went(desk: Desk, bus: MemoryBus) -> None:
    attempt = await desk.open.test(desk.shelf.kept[1], "ann@example.org")
    assert attempt == desk.shelf.noted[0]
    assert (attempt.outcome, attempt.number) == ("delivered", 1)
    assert attempt.detail == "paged 112 with : Test message for 'On call', sent by ann@example.org"
    told = attempt.notification
    assert (told.kind, told.project_slug, told.url, told.issue_id) == ("test", SHOP.slug, "https://amber.example", "")
    assert bus.stored(TASKS) == {}


async def test_a_test_message_that_failed_says_so_and_is_not_tried_again(desk: Desk, bus: MemoryBus) -> None:
    attempt = await desk.open.test(target(settings={"number": "busy"}), "ann")
    assert (attempt.outcome, attempt.detail) == ("failed", "nobody answers")
    assert bus.stored(TASKS) == {}


async def test_a_target_whose_plugin_is_off_says_so(desk: Desk) -> None:
    attempt = await desk.open.test(target(plugin="fax"), "ann")
    assert attempt.detail.startswith("plugin fax is not running")


async def test_a_project_that_is_gone_has_nothing_to_test(desk: Desk) -> None:
    with pytest.raises(Reject, match="project 9 is gone"):
        await desk.open.test(replace(desk.shelf.kept[1], project=9), "ann")


async def test_what_was_given_up_is_sent_again_when_somebody_asks(desk: Desk, bus: MemoryBus) -> None:
    attempt = replace((await desk.open.test(desk.shelf.kept[1], "ann")), notification=news(), outcome="dead")
    await queue_task(bus, "pager", Task(1, news()))
    await desk.open.again(attempt)
    await desk.open.again(attempt)  # a second press on the button
    tasks = [msgspec.json.decode(message.data, type=Task) for message in bus.stored(TASKS).values()]
    assert tasks == [Task(1, news())] * 2


@pytest.mark.parametrize(
    ("outcome", "kept", "words"),
    [
        ("delivered", {1: target()}, "only what was given up"),
        ("failed", {1: target()}, "only what was given up"),
        ("dead", {}, "the target is gone"),
        ("dead", {1: target(is_enabled=False)}, "the target is switched off"),
    ],
)
async def test_what_cannot_be_sent_again_is_told(desk: Desk, outcome: Any, kept: Any, words: str) -> None:
    attempt = replace(await desk.open.test(desk.shelf.kept[1], "ann"), outcome=outcome)
    desk.shelf.kept = kept
    with pytest.raises(Reject, match=words):
        await desk.open.again(attempt)


def listens(desk: Desk) -> None:
    """The pager reads webhooks as well from now on."""
    module = ModuleType("ear")
    module.receive_webhook = hookimpl(lambda: [])  # type: ignore[attr-defined]
    module.deliver = hookimpl(lambda: Receipt())  # type: ignore[attr-defined]
    desk.registry.add("ear", module)
    desk.shelf.kept[3] = target(3, plugin="ear")


async def test_a_target_has_an_address_of_its_own_where_its_plugin_reads_webhooks(desk: Desk) -> None:
    listens(desk)
    address = desk.open.address(desk.shelf.kept[3])
    assert re.fullmatch(r"https://amber\.example/hooks/ear/3-[0-9a-f]{32}", address)
    assert await desk.open.addressed("ear", address.rpartition("/")[2]) == desk.shelf.kept[3]
    assert desk.open.address(desk.shelf.kept[1]) == "", "pager does not listen"
    assert desk.open.address(replace(desk.shelf.kept[3], id=4)) != address


@pytest.mark.parametrize(
    "spoil",
    [
        lambda address: address[:-1] + ("0" if address[-1] != "0" else "1"),
        lambda address: f"1{address[1:]}",
        lambda address: f"0{address}",
        lambda address: f"{address}0",
        lambda address: address[:2],
        lambda address: "",
        lambda address: "3-\udcff",
        lambda address: "9" * 30 + address[1:],
    ],
)
async def test_no_other_address_leads_anywhere(desk: Desk, spoil: Any) -> None:
    listens(desk)
    address = desk.open.address(desk.shelf.kept[3]).rpartition("/")[2]
    with pytest.raises(Reject, match="no target has this address") as refused:
        await desk.open.addressed("ear", spoil(address))
    assert refused.value.status == 404


async def test_an_address_leads_nowhere_once_its_target_is_off_or_anothers(desk: Desk) -> None:
    listens(desk)
    known = desk.shelf.kept[3]
    address = desk.open.address(known).rpartition("/")[2]
    for kept in ({}, {3: replace(known, is_enabled=False)}, {3: replace(known, plugin="pager")}):
        desk.shelf.kept = kept
        with pytest.raises(Reject, match="no target has this address"):
            await desk.open.addressed("ear", address)
    with pytest.raises(Reject, match="no target has this address"):
        await desk.open.addressed("pager", address)


async def test_an_address_outlives_a_change_of_keys_as_long_as_the_old_key_does(desk: Desk) -> None:
    listens(desk)
    old = new_key()
    desk.vault = Vault([old])
    address = desk.open.address(desk.shelf.kept[3]).rpartition("/")[2]
    vars(desk.sender)["vault"] = Vault([new_key(), old])
    assert await desk.open.addressed("ear", address) == desk.shelf.kept[3]
    assert desk.open.address(desk.shelf.kept[3]).rpartition("/")[2] != address
    vars(desk.sender)["vault"] = Vault([new_key()])
    with pytest.raises(Reject, match="no target has this address"):
        await desk.open.addressed("ear", address)


async def test_without_a_bus_nothing_is_queued(tmp_path: Path) -> None:
    desk = Desk(tmp_path, None)
    with pytest.raises(ConfigError, match="no bus"):
        await desk.open.again(Attempt(1, news(), 1, 0.0, 0.0, "dead", ""))
    desk.close()


class Everything(TargetShelf):
    """A directory of one organisation with the shop in it."""

    def organisations(self) -> tuple[Organisation, ...]:
        return (Organisation(1, "o", "O", 0.0),)

    def projects(self, organisation: int) -> tuple[Project, ...]:
        return (SHOP,)

    def plugin_settings(self) -> tuple[()]:
        return ()


def test_a_rotation_seals_anew_what_an_older_key_sealed() -> None:
    old, new = new_key(), new_key()
    settings = {"number": "112", "pin": Vault([old]).seal("1234")}
    fresh = {"number": "110", "pin": Vault([new]).seal("5678")}
    shelf = Everything(target(1, settings=settings), target(2, settings=fresh), target(3))
    assert reseal(shelf, Vault([new, old])) == 1  # type: ignore[arg-type]  # it holds what a rotation needs
    assert Vault([new]).open(shelf.kept[1].settings["pin"]) == "1234"
    assert shelf.kept[2].settings == fresh
    assert reseal(shelf, Vault([new])) == 0  # type: ignore[arg-type]
