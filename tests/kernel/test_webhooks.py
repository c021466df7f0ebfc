"""Webhooks on their way to a plugin, and what it wants to be done about them: for its own project, and once."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from amber.bus import TASKS, Message, task_subject
from amber.delivering.once import digest_of
from amber.errands.webhooks import Received, WebhookDesk
from amber.errors import PluginError, Reject, Retry, Unavailable
from amber.model import AuditEntry, Command, IssueChange, Principal, Resource, WebhookRequest
from amber.testing.memorybus import MemoryBus
from amber.testing.stores import NOON
from amber.testing.targets import SHOP, TargetShelf, target

pytestmark = pytest.mark.anyio
REQUEST = WebhookRequest("r1", NOON, b"please", {"x-id": "a"}, {}, "192.0.2.7")
RESOLVE = Command("resolve", "7")


class Issue(msgspec.Struct):
    project: int


class Office:
    """The plugin `pager` that reads webhooks as a test tells it to, beside issues 7 and 8 of the shop, 9 of another."""

    def __init__(self, house: Any, bus: MemoryBus) -> None:
        self.house, self.bus, self.shelf = house, bus, TargetShelf(target(5, settings={"number": "112"}))
        self.changed: list[tuple[list[int], IssueChange, AuditEntry]] = []
        self.asked: list[tuple[WebhookRequest, Any]] = []
        self.verdict: bool | None = True
        self.house.add(
            "rights", authorise=lambda principal, action, resource: self._authorise(principal, action, resource)
        )
        issues = {7: Issue(SHOP.id), 8: Issue(SHOP.id), 9: Issue(2)}
        stores = SimpleNamespace(
            directory=self.shelf, issues=SimpleNamespace(get_issue=issues.get, change_issues=self._change)
        )
        kernel: Any = SimpleNamespace(dispatcher=house.dispatcher, stores=stores, sender=self)
        self.desk = WebhookDesk(kernel, bus, "pager")

    async def settings(self, target: Any) -> Any:
        return dict(target.settings)

    def _authorise(self, principal: Principal, action: str, resource: Resource) -> bool | None:
        assert (action, resource) == ("project:triage", Resource(SHOP.organisation, SHOP.id))
        assert (principal.organisation, principal.projects) == (SHOP.organisation, {SHOP.id})
        assert principal.scopes == {"project:triage"}
        return self.verdict

    def _change(self, issues: list[int], change: IssueChange, audit: AuditEntry) -> None:
        self.changed.append((issues, change, audit))

    def answer(self, *commands: Any) -> None:
        def receive_webhook(request: WebhookRequest, target: Any) -> list[Any]:
            self.asked.append((request, target))
            return list(commands)

        self.house.add("pager", receive_webhook)

    async def receive(self, request: WebhookRequest = REQUEST, **given: Any) -> Exception | None:
        """Hand it over; what that failed with."""
        data = msgspec.json.encode(
            Received(**{"target": 5, "project": SHOP.id, "request": request, "at": NOON} | given)
        )
        message = Message(f"{TASKS.name}@1", 1, task_subject("pager", "webhook"), data)
        return (await self.desk.handle([message]))[0]

    def done(self) -> list[tuple[list[int], str | None, str | None]]:
        return [(issues, change.status, change.assignee) for issues, change, _ in self.changed]


@pytest.fixture
def office(house: Any, bus: MemoryBus) -> Office:
    return Office(house, bus)


async def test_a_plugin_reads_what_came_with_the_settings_of_its_target(office: Office) -> None:
    office.answer()
    assert await office.receive() is None
    assert office.asked == [(REQUEST, {"number": "112"})]
    assert office.changed == []


@pytest.mark.parametrize(
    ("command", "done"),
    [
        (RESOLVE, ([7], "resolved", None)),
        (Command("reopen", "8"), ([8], "unresolved", None)),
        (Command("ignore", "7"), ([7], "ignored", None)),
        (Command("assign", "7", "ann@example.org"), ([7], None, "ann@example.org")),
        (Command("assign", "7"), ([7], None, "")),
    ],
)
async def test_a_command_is_carried_out(office: Office, command: Command, done: Any) -> None:
    office.answer(command)
    assert await office.receive() is None
    assert office.done() == [done]


async def test_the_audit_log_names_the_target_and_where_it_came_from(office: Office) -> None:
    office.answer(RESOLVE)
    await office.receive()
    [(_, _, audit)] = office.changed
    assert audit == AuditEntry(
        organisation=1,
        actor="token:target-5 (On call)",
        action="issue.change",
        subject="7",
        at=NOON,
        after={"status": "resolved"},
        client_ip="192.0.2.7",
    )


async def test_what_comes_again_is_done_once(office: Office) -> None:
    office.answer(RESOLVE)
    for _ in range(2):
        assert await office.receive() is None
    assert len(office.changed) == 1
    assert await office.receive(replace(REQUEST, id="r2")) is None
    assert len(office.changed) == 2, "another request without a key is another wish"


async def test_a_senders_own_name_for_it_holds_however_often_it_is_sent(office: Office) -> None:
    office.answer(replace(RESOLVE, key="a"), replace(RESOLVE, issue="8", key="a"))
    for number in range(3):
        assert await office.receive(replace(REQUEST, id=f"r{number}")) is None
        office.bus.forget_ids()
    assert [issues for issues, *_ in office.done()] == [[7], [8]]


@pytest.mark.parametrize("issue", ["9", "10", "0", "", "seven", "7 ", "-7", "９", "1" * 19])
async def test_an_issue_of_another_project_or_none_is_refused_and_nothing_else_done(office: Office, issue: str) -> None:
    office.answer(RESOLVE, Command("resolve", issue))
    error = await office.receive()
    assert isinstance(error, Reject)
    assert f"project shop has no issue {issue!r}" in str(error)
    assert office.changed == []


async def test_a_target_that_may_not_is_refused(office: Office) -> None:
    office.verdict = False
    office.answer(RESOLVE)
    error = await office.receive()
    assert isinstance(error, Reject)
    assert "the target may not resolve issues" in str(error)
    assert office.changed == []


@pytest.mark.parametrize("change", [{"is_enabled": False}, {"plugin": "other"}, {"project": 9}])
async def test_a_target_that_is_not_what_it_was_is_not_heeded(office: Office, change: dict[str, Any]) -> None:
    office.shelf.kept[5] = replace(office.shelf.kept[5], **change)
    office.answer(RESOLVE)
    assert await office.receive() is None
    assert await office.receive(target=6) is None
    assert office.asked == []


@pytest.mark.parametrize("error", [Retry(5), Reject("forged"), Unavailable("it is being started anew")])
async def test_what_a_plugin_raises_on_purpose_decides_what_follows(office: Office, error: Exception) -> None:
    def receive_webhook() -> list[Command]:
        raise error

    office.house.add("pager", receive_webhook)
    assert await office.receive() is error


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("resolve", "something else than Commands"),
        (Command("explode", "7"), "Invalid enum value"),  # type: ignore[arg-type]  # what a plugin may answer all the same
        (Command("resolve", "7" * 21), "length <= 20"),
        (Command("assign", "7", "ann\n"), "regex"),
    ],
)
async def test_rubbish_is_the_plugins_failure(office: Office, answer: Any, words: str) -> None:
    office.answer(answer)
    error = await office.receive()
    assert isinstance(error, PluginError)
    assert words in str(error)
    assert office.changed == []


async def test_what_nobody_can_read_is_refused(office: Office) -> None:
    message = Message("TASKS@1", 1, task_subject("pager", "webhook"), b"rubbish")
    [error] = await office.desk.handle([message])
    assert isinstance(error, Reject)


async def test_a_project_that_does_without_the_plugin_has_nothing_done_in_its_name(office: Office) -> None:
    office.answer(RESOLVE)
    office.house.dispatcher.is_off = lambda plugin, *place: (plugin, *place) == ("pager", SHOP.organisation, SHOP.id)
    assert await office.receive() is None
    assert (office.asked, office.changed) == ([], [])
    office.house.dispatcher.is_off = lambda *_: False
    assert await office.receive() is None
    assert office.done() == [([7], "resolved", None)]


def test_no_two_lists_of_parts_run_together() -> None:
    assert len({digest_of("a", "b"), digest_of("a\0b"), digest_of("a\0", "b"), digest_of("a", "\0b")}) == 4
