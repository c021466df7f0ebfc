"""The console's pages of a project's monitors, as the console draws them."""

import json
import re
from typing import Any

import anyio
import pytest
from litestar.testing import TestClient

from amber.model import AuditEntry, Fact, Item, Project, Target, Token, new_token
from amber.testing.running import Kernel, context
from amber.testing.stores import NOON
from amber_signals.checkins.config import store_of
from amber_signals.checkins.receiving import take_checkins
from amber_signals.checkins.schedules import Crontab, Interval
from amber_signals.checkins.view import took

pytestmark = pytest.mark.anyio
AUDIT = AuditEntry(0, "test", "test", "", 1.0)
HOURLY = {"schedule": {"type": "interval", "value": 2, "unit": "hour"}, "timezone": "Europe/Berlin"}
FORM = {
    "name": "Nightly Backup",
    "slug": "",
    "kind": "crontab",
    "crontab": "30 2 * * *",
    "count": "1",
    "unit": "hour",
    "timezone": "Europe/Berlin",
    "margin": "5",
    "max_runtime": "30",
    "failure_threshold": "2",
    "recovery_threshold": "1",
    "tell": "all",
}


class Desk:
    """A project with pages to look at, by somebody who may write, triage or read."""

    def __init__(self, kernel: Kernel, app: Any) -> None:
        self._kernel, self._app = kernel, app
        directory = kernel.stores.directory
        self.organisation = directory.add_organisation("acme", "Acme", AUDIT).id
        self.project: Project = directory.add_project(self.organisation, "shop", "Shop", "python", AUDIT)
        wanted = Target(0, self.project.id, "webhook", "On call", {"url": "https://example.org"}, (), True, NOON)
        self.target = directory.add_target(wanted, AUDIT).id
        self.path = "/projects/shop/pages/checkins/monitors"
        self.writer, self.triager, self.reader = map(self._client, ("project:write", "project:triage", "project:read"))
        self._items = 0

    def _client(self, scope: Any) -> TestClient[Any]:
        secret, digest = new_token()
        token = Token(0, self.organisation, None, "test", secret[-4:], (scope,), NOON)
        self._kernel.stores.directory.add_token(token, digest, AUDIT)
        client: TestClient[Any] = TestClient(self._app, base_url="https://amber.test")
        client.headers["authorization"] = f"Bearer {secret}"
        client.follow_redirects = False
        return client

    async def hear(self, status: str, **more: Any) -> None:
        self._items += 1
        body = json.dumps({"monitor_slug": "nightly", "status": status, **more}).encode()
        item = Item(f"i{self._items}:0", "check_in", "monitor", self.project.id, NOON + self._items, body)
        await take_checkins([item], context(self._kernel, "checkins"))

    def look(self, path: str = "", client: Any = None, status: int = 200) -> str:
        """The words of a page."""
        answer = (client or self.reader).get(f"{self.path}{path}")
        assert answer.status_code == status, answer.text
        return words(answer.text)

    def press(self, path: str, client: Any = None, **form: Any) -> Any:
        return (client or self.writer).post(f"{self.path}{path}", data=form)

    def monitor(self, slug: str = "nightly") -> Any:
        return store_of(context(self._kernel, "checkins")).monitor(self.project.id, slug)


def words(html: str) -> str:
    """What a page says, without its marks."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.fixture
def desk(kernel: Kernel, app: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    async def nobody_hears(fact: Fact) -> None:
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(kernel.services, "publish", nobody_hears)
    return Desk(kernel, app)


def test_a_project_without_jobs_is_told_how_to_begin(desk: Desk) -> None:
    page = desk.look()
    assert "No job checks in yet" in page
    assert f"/api/{desk.project.id}/cron/nightly-backup/" in page
    assert "New monitor" not in page
    assert "New monitor" in desk.look(client=desk.writer)


async def test_the_list_shows_how_each_job_stands(desk: Desk) -> None:
    await desk.hear("ok", monitor_config=HOURLY)
    await desk.hear("error", environment="staging")
    await desk.hear("in_progress", environment="dev")
    await desk.hear("ok", monitor_slug="x", environment="<b>")
    page = desk.look()
    assert "every 2 hours Europe/Berlin dev running Wed 15 Nov 2023, 01:13:23 CET (late)" in page
    assert "production ok" in page
    assert "staging failing since" in page
    assert "&lt;b&gt; ok nobody knows" in page
    html = desk.reader.get(desk.path).text
    assert html.count('<rect class="ok"') == 2
    assert html.count('<rect class="error"') == 1


async def test_one_monitor_is_shown_with_its_history(desk: Desk) -> None:
    await desk.hear("ok", monitor_config=HOURLY, duration=75)
    await desk.hear("error", duration=1.5)
    page = desk.look("/nightly")
    assert "Set by the code that checks in Tells On call" in page
    assert "failed Tue 14 Nov 2023, 23:13:22 CET 1.5 s ok Tue 14 Nov 2023, 23:13:21 CET 1 min 15 s" in page
    assert "Mute" not in page
    desk.look("/nobody", status=404)
    desk.look("/nightly/else", status=404)


def test_a_monitor_is_made_by_its_form_after_a_look_at_its_next_runs(desk: Desk) -> None:
    assert "New monitor" in desk.look("?new=1", desk.writer)
    shown = words(desk.press("?new=1", **FORM, action="preview").text)
    assert len(re.findall(r"02:30:00 CES?T", shown)) == 5
    made = desk.press("?new=1", **FORM, action="save")
    assert (made.status_code, made.headers["location"]) == (303, f"{desk.path}/nightly-backup?done=saved")
    monitor = desk.monitor("nightly-backup")
    assert (monitor.plan.schedule, monitor.plan.margin, monitor.targets) == (Crontab("30 2 * * *"), 5, None)
    assert "It waits for its first check-in" in desk.look("/nightly-backup")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"crontab": "often"}, "A crontab has five fields"),
        ({"timezone": "Mars"}, "is no time zone"),
        ({"margin": "soon"}, "Margin is a whole number"),
        ({"max_runtime": "0"}, "Max runtime is a whole number from 1"),
        ({"name": ""}, "A monitor needs a name"),
        ({"kind": "interval", "count": "0"}, "An interval is 1 to"),
        ({"tell": "some", "target": "99"}, "has no target 99"),
    ],
)
def test_what_cannot_be_is_said_beside_what_was_typed(desk: Desk, changes: dict[str, str], said: str) -> None:
    answer = desk.press("?new=1", **{**FORM, **changes}, action="save")
    assert answer.status_code == 200
    assert said in words(answer.text)
    assert 'value="Europe/Berlin"' in answer.text or changes.get("timezone") == "Mars"


async def test_a_plan_that_somebody_typed_is_theirs(desk: Desk) -> None:
    await desk.hear("ok", monitor_config=HOURLY)
    form = {**FORM, "name": "Nightly", "kind": "interval", "count": "2", "margin": "1", "failure_threshold": "1"}
    desk.press("/nightly/edit", **form, follows_code="on", action="save")
    assert desk.monitor().follows_code is True  # nothing but the name is another
    desk.press("/nightly/edit", **{**form, "count": "3"}, follows_code="on", action="save")
    assert (desk.monitor().plan.schedule, desk.monitor().follows_code) == (Interval(3, "hour"), False)
    desk.press("/nightly/edit", **{**form, "count": "3"}, follows_code="on", action="save")
    assert desk.monitor().follows_code is True
    some = {"tell": "some", "target": str(desk.target), "is_muted": "on", "kind": "none"}
    desk.press("/nightly/edit", **{**form, **some}, action="save")
    assert (desk.monitor().targets, desk.monitor().is_muted, desk.monitor().plan.schedule) == (
        (desk.target,),
        True,
        None,
    )
    assert 'value="on" checked' in desk.writer.get(f"{desk.path}/nightly/edit").text
    assert "Nothing is ever due" in desk.press("/nightly/edit", **{**form, **some}, action="preview").text


async def test_buttons_mute_forget_and_remove(desk: Desk) -> None:
    await desk.hear("ok")
    await desk.hear("ok", environment="staging")
    assert desk.press("/nightly", desk.triager, action="mute").status_code == 303
    assert desk.monitor().is_muted is True
    desk.press("/nightly", desk.triager, action="unmute")
    desk.press("/nightly", desk.triager, action="mute", environment="staging")
    page = desk.look("/nightly?done=muted")
    assert "staging ok muted" in page
    assert "Nobody is told" in page
    desk.press("/nightly", action="forget", environment="staging")
    assert "staging" not in desk.look("/nightly")
    assert desk.press("/nightly", action="dance").status_code == 400
    assert desk.press("/nightly", action="remove").headers["location"] == f"{desk.path}?done=removed"
    assert desk.monitor() is None


async def test_who_may_only_look_changes_nothing(desk: Desk) -> None:
    await desk.hear("ok")
    assert desk.press("/nightly", desk.reader, action="mute").status_code == 403
    assert desk.press("/nightly", desk.triager, action="remove").status_code == 403
    assert desk.press("/nightly", desk.triager, action="forget", environment="production").status_code == 403
    assert desk.press("?new=1", desk.triager, **FORM, action="save").status_code == 403
    assert desk.triager.get(f"{desk.path}?new=1").status_code == 403
    assert desk.monitor().is_muted is False


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, ""), (0, "0 s"), (1.55, "1.6 s"), (75.4, "1 min 15 s"), (7500, "2 h 5 min")]
)
def test_durations_in_words(seconds: float | None, said: str) -> None:
    assert took(seconds) == said
