"""The page of the plugin `limits`: what a plugin adds to the console, walked through it."""

import time
from html import unescape
from typing import Any

import pytest

from amber.model import DAY, HOUR, Batch, OutcomeCount

PAGE = "/projects/shop/pages/limits/limits"


def count(acme: Any, *counts: tuple[str, str, str, int]) -> None:
    """Count outcomes of this hour: category, outcome, reason and quantity."""
    hour = int(time.time() // HOUR)
    acme.stores.issues.apply(Batch(outcomes=tuple(OutcomeCount(acme.project.id, *one, hour) for one in counts)))


def limits(acme: Any) -> Any:
    return acme.directory.project("shop", acme.organisation.id).settings.get("limits")


def row(**given: str) -> dict[str, str]:
    return {"count": "", "window": "60", "who": "project", "categories": "", "burst": ""} | given


def form(*rows: dict[str, str]) -> dict[str, list[str]]:
    return {name: [one[name] for one in rows] for name in row()}


def test_limits_are_kept_as_the_edge_reads_them_and_shown_again(acme: Any, send: Any) -> None:
    browser, key = acme.browser(), str(acme.directory.keys(acme.project.id)[0].id)
    typed = form(
        row(count="600", categories="error", burst="50"),
        row(count="100", who=f"key {key}"),
        row(count="10000", who="cap", window=str(DAY)),
        row(),
    )
    assert send(browser, PAGE, **typed).headers["location"].endswith("/projects/shop/pages/limits/limits?done=saved")
    assert limits(acme) == [
        {"count": 600, "window": 60, "kind": "rate", "scope": "project", "categories": ["error"], "burst": 50},
        {"count": 100, "window": 60, "kind": "rate", "scope": "key", "key": key},
        {"count": 10000, "window": DAY, "kind": "cap", "scope": "project"},
    ]
    count(acme, ("error", "accepted", "", 9500), ("error", "over_quota", "project_cap", 12))
    page = unescape(browser.get("/projects/shop/pages/limits/limits?done=saved").text)
    assert "600 errors a minute for the project, up to 50 at once" in page
    assert "10,000 items a day for the project" in page
    assert "9,500 used, 95 %" in page
    assert "<b>12 refused</b> this hour" in page
    assert "The limits hold from now on." in page
    send(browser, PAGE, **form(row()))
    assert limits(acme) is None


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (row(count="many"), "Limit 1 cannot be used"),
        (row(count="-1"), "Limit 1 cannot be used"),
        (row(count="5", window="60", who="cap"), "whole hours"),
        (row(count="9" * 12), "Limit 1 cannot be used"),
    ],
)
def test_a_limit_that_cannot_be_held_is_refused_and_kept_in_the_form(
    acme: Any, send: Any, bad: dict[str, str], said: str
) -> None:
    answer = send(acme.browser(), PAGE, **form(bad))
    assert said in unescape(answer.text)
    assert f'value="{bad["count"]}"' in answer.text
    assert limits(acme) is None


def test_members_see_limits_and_change_none(acme: Any, staff: Any, send: Any) -> None:
    assert "Save limits" in staff["admin"].get(PAGE).text
    assert "Save limits" not in staff["member"].get(PAGE).text
    assert send(staff["member"], PAGE, **form(row(count="5"))).status_code == 403
