"""Monitors over the API: made, shown, changed, muted and forgotten by those who may, and unknown to all others."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from litestar.testing import TestClient

from amber.model import AuditEntry, Fact, Item, Project, Target, Token, new_token
from amber.testing.running import Kernel, context
from amber.testing.stores import NOON
from amber_signals.checkins.ledger import uid_from
from amber_signals.checkins.receiving import take_checkins

pytestmark = pytest.mark.anyio
EVERY_FIVE = {"schedule": {"type": "crontab", "value": "*/5 * * * *"}, "checkin_margin": 1, "max_runtime": 2}
START = NOON - NOON % 300  # a moment at which `EVERY_FIVE` is due
AUDIT = AuditEntry(0, "test", "test", "", 1.0)
NIGHTLY = {"schedule": {"type": "crontab", "value": "0 3 * * *", "unit": None}, "timezone": "Europe/Berlin"}
Client = TestClient[Any]


class Shop:
    """An organisation with a project, targets and clients; `hear` is a check-in that a worker takes."""

    def __init__(self, kernel: Kernel, app: Any, slug: str = "acme") -> None:
        self._kernel, self._app, self.directory = kernel, app, kernel.stores.directory
        self.organisation = self.directory.add_organisation(slug, slug, AUDIT).id
        self.project: Project = self.directory.add_project(self.organisation, "shop", "Shop", "python", AUDIT)
        wanted = Target(0, self.project.id, "webhook", "hook", {"url": "https://example.org"}, (), True, START)
        self.target = self.directory.add_target(wanted, AUDIT).id
        self.path = f"/api/v1/projects/{self.project.id}/monitors"
        self.api = self.client("project:write")

    def client(self, scope: Any, project: int | None = None) -> Client:
        secret, digest = new_token()
        token = Token(0, self.organisation, project, "test", secret[-4:], (scope,), START)
        self.directory.add_token(token, digest, AUDIT)
        client: Client = TestClient(self._app)
        client.headers["authorization"] = f"Bearer {secret}"
        return client

    async def hear(self, status: str, number: int, **more: Any) -> None:
        payload = {"monitor_slug": "nightly", "status": status, **more}
        body = json.dumps(payload).encode()
        item = Item(f"i{number}:0", "check_in", "monitor", self.project.id, START + number, body)
        await take_checkins([item], context(self._kernel, "checkins"))

    def audited(self) -> list[str]:
        return [
            one.action for one in self.directory.audit_log(self.organisation).items if one.action.startswith("monitor")
        ]


@pytest.fixture
def shop(kernel: Kernel, app: Any, monkeypatch: pytest.MonkeyPatch) -> Shop:
    async def nobody_hears(fact: Fact) -> None:
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(kernel.services, "publish", nobody_hears)
    return Shop(kernel, app)


def get(client: Client, path: str, **query: Any) -> Any:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_monitor_is_made_shown_changed_and_forgotten(shop: Shop) -> None:
    made = shop.api.post(shop.path, json={"name": "Nightly Backup", "plan": NIGHTLY, "targets": [str(shop.target)]})
    assert made.status_code == 201, made.text
    shown = get(shop.api, f"{shop.path}/nightly-backup")
    assert shown == made.json() == get(shop.api, shop.path)["items"][0]
    assert (shown["slug"], shown["plan"]["schedule"], shown["follows_code"]) == (
        "nightly-backup",
        NIGHTLY["schedule"],
        False,
    )
    assert shown["targets"] == [str(shop.target)]
    changes = {"name": "Backup", "is_muted": True, "targets": None, "plan": {**NIGHTLY, "margin": 0}}
    changed = shop.api.patch(f"{shop.path}/nightly-backup", json=changes).json()
    assert (changed["name"], changed["is_muted"], changed["targets"], changed["plan"]["margin"]) == (
        "Backup",
        True,
        None,
        0,
    )
    assert shop.api.delete(f"{shop.path}/nightly-backup").status_code == 204
    assert get(shop.api, shop.path)["items"] == []
    assert shop.audited() == ["monitor.remove", "monitor.change", "monitor.create"]


async def test_how_a_job_stands_and_what_was_heard_of_it(shop: Shop) -> None:
    await shop.hear("in_progress", 1, check_in_id=uid_from("1"), monitor_config=EVERY_FIVE)
    await shop.hear("ok", 3, check_in_id=uid_from("1"))
    await shop.hear("error", 4, environment="staging")
    shown = get(shop.api, f"{shop.path}/nightly")
    assert shown["follows_code"] is True
    production, staging = shown["environments"]
    assert (production["name"], production["status"], production["is_failing"]) == ("production", "ok", False)
    assert production["next_expected_at"] == "2023-11-14T22:15:00.000000Z"
    assert (staging["status"], staging["is_failing"]) == ("error", True)
    [run] = get(shop.api, f"{shop.path}/nightly/environments/production/checkins")["items"]
    assert (run["status"], run["duration"], run["check_in_id"]) == ("ok", 2.0, uid_from("1"))


async def test_what_was_heard_is_read_page_by_page(shop: Shop) -> None:
    for number in range(7):
        await shop.hear("ok", number, duration=number)
    path, cursor, found = f"{shop.path}/nightly/environments/production/checkins", "", []
    while cursor is not None:
        page = get(shop.api, path, limit=3, cursor=cursor)
        found += [run["duration"] for run in page["items"]]
        cursor = page["next"]
    assert found == [6, 5, 4, 3, 2, 1, 0]
    assert shop.api.get(path, params={"cursor": "x"}).status_code == 400


async def test_an_environment_is_muted_and_forgotten(shop: Shop) -> None:
    await shop.hear("ok", 1, environment="prod/eu #west")
    path = f"{shop.path}/nightly/environments/prod-eu-%23west"
    muter = shop.client("project:triage")
    assert muter.patch(path, json={"is_muted": True}).json()["is_muted"] is True
    assert muter.patch(path, json={"is_muted": False}).json()["is_muted"] is False
    assert muter.delete(path).status_code == 403
    assert shop.api.delete(path).status_code == 204
    assert shop.api.delete(path).status_code == 404
    assert shop.audited() == ["monitor.forget", "monitor.unmute", "monitor.mute"]


async def test_a_person_may_hand_the_plan_back_to_the_code(shop: Shop) -> None:
    await shop.hear("ok", 1, monitor_config=EVERY_FIVE)
    path = f"{shop.path}/nightly"
    assert shop.api.patch(path, json={"plan": NIGHTLY}).json()["follows_code"] is False
    await shop.hear("ok", 2, monitor_config=EVERY_FIVE)
    assert get(shop.api, path)["plan"]["schedule"]["value"] == "0 3 * * *"
    assert shop.api.patch(path, json={"follows_code": True}).json()["follows_code"] is True
    await shop.hear("ok", 3, monitor_config=EVERY_FIVE)
    assert get(shop.api, path)["plan"]["schedule"]["value"] == "*/5 * * * *"


def test_the_next_runs_are_shown_in_the_jobs_own_time(shop: Shop) -> None:
    shown = get(shop.api, "/api/v1/monitor-preview", value="0 3 * * *", timezone="Europe/Berlin")
    assert len(shown["runs"]) == 5
    assert all("T03:00:00+0" in run for run in shown["runs"])
    assert len(get(shop.api, "/api/v1/monitor-preview", value="2", unit="hour")["runs"]) == 5


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"name": ""},
        {"name": "!!"},
        {"name": "\u202e"},
        {"name": "a", "plan": {"schedule": {"type": "crontab", "value": "often"}}},
        {"name": "a", "plan": {"schedule": {"type": "crontab", "value": 5}}},
        {"name": "a", "plan": {"schedule": {"type": "interval", "value": 5}}},
        {"name": "a", "plan": {"schedule": {"type": "interval", "value": 0, "unit": "day"}}},
        {"name": "a", "plan": {"timezone": "Mars"}},
        {"name": "a", "plan": {"margin": -1}},
        {"name": "a", "targets": ["x"]},
        {"name": "a", "targets": ["999"]},
        {"name": "a", "more": 1},
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(shop: Shop, wish: dict[str, Any]) -> None:
    answer = shop.api.post(shop.path, json=wish)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert get(shop.api, shop.path)["items"] == []


def test_a_slug_is_taken_once(shop: Shop) -> None:
    assert shop.api.post(shop.path, json={"name": "A"}).status_code == 201
    assert shop.api.post(shop.path, json={"name": "B", "slug": "a"}).status_code == 409
    assert shop.api.patch(f"{shop.path}/a", json={}).status_code == 400


@pytest.mark.parametrize(
    "query", [{"value": "often"}, {"value": "5", "unit": "eon"}, {"value": "@daily", "timezone": "x"}]
)
def test_a_preview_of_nothing_is_refused(shop: Shop, query: dict[str, str]) -> None:
    assert shop.api.get("/api/v1/monitor-preview", params=query).status_code == 400


async def test_what_is_anothers_does_not_exist(shop: Shop, kernel: Kernel, app: Any) -> None:
    await shop.hear("ok", 1)
    rival = Shop(kernel, app, "rivals")
    elsewhere = shop.directory.add_project(shop.organisation, "other", "Other", "python", AUDIT)
    bound = shop.client("project:write", project=elsewhere.id)
    for client in (rival.api, bound):
        for ask in asks(client, shop.path):
            assert ask().status_code == 404
    assert len(get(shop.api, shop.path)["items"]) == 1


async def test_reading_changes_nothing(shop: Shop) -> None:
    await shop.hear("ok", 1)
    reader = shop.client("project:read")
    assert [ask().status_code for ask in asks(reader, shop.path)] == [200, 403, 200, 403, 403, 403, 403, 200]


def asks(client: Client, path: str) -> list[Callable[[], Any]]:
    """Each route with an answer about what there is."""
    one, environment = f"{path}/nightly", f"{path}/nightly/environments/production"
    return [
        lambda: client.get(path),
        lambda: client.post(path, json={"name": "a"}),
        lambda: client.get(one),
        lambda: client.patch(one, json={"is_muted": True}),
        lambda: client.delete(one),
        lambda: client.patch(environment, json={"is_muted": True}),
        lambda: client.delete(environment),
        lambda: client.get(f"{environment}/checkins"),
    ]
