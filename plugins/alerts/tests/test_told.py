"""The tab of an issue: who was told of it, and how that went."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from amber.errors import Reject
from amber.model import SCOPES, Attempt, Fragment, Issue, Notification, Principal, Project, Target, UiRequest
from amber.testing.bench import Bench
from amber.testing.stores import NOON, audit, new_project
from amber_alerts.notify.told import show

ADMIN = Principal("user", "1", "Ann", organisation=1, scopes=frozenset(SCOPES))
NEWS: Any = {"title": "It broke", "at": NOON}
MEMBER = replace(ADMIN, scopes=frozenset({"project:read"}))
pytestmark = pytest.mark.plugin("notify")


@pytest.fixture
def shop(kernel: Bench) -> Project:
    return new_project(kernel.kernel.stores.directory)


@pytest.fixture
def target(kernel: Bench, shop: Project) -> Callable[..., Target]:
    """A target of the shop; `told(…)` notes how a try went."""

    def make(name: str, kinds: tuple[str, ...] = ("issue.created",), is_enabled: bool = True) -> Target:
        wanted = Target(0, shop.id, "webhook", name, {}, kinds, is_enabled, NOON)
        return kernel.kernel.stores.directory.add_target(wanted, audit())

    return make


@pytest.fixture
def told(kernel: Bench, shop: Project) -> Callable[..., None]:
    def note(target: Target, outcome: Any, number: int = 1, later: float = 0, **about: Any) -> None:
        about = {"id": "n1", "issue_id": "7"} | about
        news = Notification(
            kind="issue.created", project=shop.id, project_slug="shop", project_name="Shop", **NEWS, **about
        )
        attempt = Attempt(target.id, news, number, NOON + later, 0.1, outcome, f"answered <{outcome}>")
        kernel.kernel.stores.directory.note_attempt(attempt)

    return note


@pytest.fixture
def tab(kernel: Bench, shop: Project) -> Callable[..., str]:
    """What somebody is shown of issue 7."""

    def look(who: Principal = ADMIN, **given: Any) -> str:
        words: dict[str, Any] = {"short_id": "SHOP-7", "title": "It broke", "culprit": "", "level": "error"}
        figures: dict[str, Any] = {"platform": "python", "count": 1, "users": 0, "first_seen": NOON, "last_seen": NOON}
        issue = Issue(7, shop.id, status="unresolved", **words, **figures)
        request = UiRequest(who, shop.organisation, "/issues/7/pages/notify/told", NOON, project=shop, issue=issue)
        shown = show(replace(request, **given), kernel.ctx)
        assert isinstance(shown, Fragment)
        return " ".join(shown.html.split())

    return look


def test_each_target_is_shown_with_how_its_newest_try_went(target: Any, told: Any, tab: Any) -> None:
    mail, ops = target("Mail"), target("Ops")
    told(mail, "failed")
    told(mail, "delivered", number=2, later=9)
    told(ops, "failed", number=3)
    told(ops, "dead", number=8, later=5, id="n2")
    told(ops, "delivered", id="n3", issue_id="8")
    html = tab()
    assert html.count("<li>") == 3
    first, second, third = html.split("<li>")[1:]
    assert ">Mail<" in first
    assert 'Delivered <span class="sub">at try 2</span>' in first
    assert 'Given up</span> <span class="sub">after 8 tries' in second
    assert "3 times; it is tried again" in third


def test_what_receivers_answered_is_for_those_who_set_targets_up(
    shop: Project, target: Any, told: Any, tab: Any
) -> None:
    told(mail := target("<i>Mail"), "delivered")
    assert "answered &lt;delivered&gt;" in tab()
    assert f'<a href="/projects/{shop.slug}/notifications/{mail.id}">&lt;i&gt;Mail</a>' in tab()
    assert "answered" not in tab(MEMBER)
    assert "/notifications" not in tab(MEMBER)
    assert "<b>&lt;i&gt;Mail</b>" in tab(MEMBER)


def test_who_hears_when_it_comes_back_is_told_beforehand(shop: Project, target: Any, tab: Any) -> None:
    target("New ones alone")
    target("Off", ("issue.regressed",), is_enabled=False)
    assert "Nobody: this project has no target that hears of issues that come back." in tab(MEMBER)
    assert f'<a href="/projects/{shop.slug}/notifications">Set one up</a>' in tab()
    target("Ops", ("issue.regressed",))
    assert ">Ops</a></bdi>." in tab()


def test_an_issue_nobody_was_told_of_says_so(target: Any, told: Any, tab: Any) -> None:
    told(target("Mail"), "delivered", issue_id="8")
    assert "Nobody: nothing was sent about this issue" in tab()


@pytest.mark.parametrize("given", [{"rest": ("x",)}, {"issue": None}, {"project": None}])
def test_there_is_nothing_else_there(tab: Any, given: dict[str, Any]) -> None:
    with pytest.raises(Reject):
        tab(**given)
