import pytest
from msgspec.structs import replace

from amber.model import Alert, Fact, Target
from amber.testing.bench import Bench
from amber.testing.stores import NOON, audit, new_project
from amber_alerts import notify

DATA = {
    "issue_id": "7",
    "short_id": "SHOP-7",
    "title": "KeyError: 'coffee'",
    "culprit": "shop.cart",
    "level": "error",
    "event_id": "e" * 32,
    "project_id": "1",
}
CREATED = Fact("f1", "issue.created", 1, NOON, DATA)


def test_people_are_told_what_it_is_and_where() -> None:
    told = {name: DATA[name] for name in ("issue_id", "short_id", "title", "culprit", "level", "event_id")}
    assert notify.evaluate_fact(CREATED) == [Alert(**told)]


def test_a_fact_with_less_in_it_is_news_all_the_same() -> None:
    [told] = notify.evaluate_fact(replace(CREATED, data={"issue_id": 7, "culprit": None}))
    assert told == Alert("", issue_id="7")


def test_a_title_without_end_is_cut() -> None:
    [told] = notify.evaluate_fact(replace(CREATED, data={"title": "x" * 5000}))
    assert told.title == "x" * 2000


@pytest.mark.plugin("notify")
def test_each_target_that_wants_the_news_is_told_once(kernel: Bench) -> None:
    directory = kernel.kernel.stores.directory
    project = new_project(directory).id
    wanted = {
        "new": (("issue.created",), True),
        "back": (("issue.regressed",), True),
        "both": (("issue.created", "issue.regressed"), True),
        "off": (("issue.created", "issue.regressed"), False),
    }
    made = [Target(0, project, "webhook", name, {}, *one, NOON) for name, one in wanted.items()]
    names = {(kept := directory.add_target(one, audit())).id: kept.name for one in made}
    for fact in (CREATED, CREATED, replace(CREATED, id="f2", type="issue.regressed")):
        kernel.tell(replace(fact, project=project))
    assert [(names[target], told.kind) for target, told in kernel.queued()] == [
        ("new", "issue.created"),
        ("both", "issue.created"),
        ("back", "issue.regressed"),
        ("both", "issue.regressed"),
    ]
