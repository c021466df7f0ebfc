"""Teams, their people and their projects."""

from typing import Any

import pytest

from amber.model import AuditEntry, Team

AUDIT = AuditEntry(0, "test", "test", "", 1.0)


@pytest.fixture
def team(acme: Any) -> Team:
    made: Team = acme.directory.add_team(acme.organisation.id, "checkout", "Checkout", AUDIT)
    return made


def test_a_team_is_made_with_an_address_of_its_own(acme: Any, send: Any, team: Team) -> None:
    assert send(acme.browser(), "/people/teams", team="Check out").headers["location"] == (
        "/people/teams/check-out?done=team"
    )
    send(acme.browser(), "/people/teams", team="Checkout")
    assert [one.slug for one in acme.directory.teams(acme.organisation.id)] == ["checkout", "check-out", "checkout-2"]


def test_a_team_needs_a_name(acme: Any, send: Any, team: Team) -> None:
    answer = send(acme.browser(), "/people/teams", team="x" * 101)
    assert answer.status_code == 400
    assert "x" * 101 in answer.text
    refused = send(acme.browser(), "/people/teams/checkout", name="", person=[str(acme.owner.id)])
    assert refused.status_code == 400
    assert f'name="person" value="{acme.owner.id}" checked' in refused.text
    assert acme.directory.teams(acme.organisation.id) == (team,)


def test_people_and_projects_are_put_in_and_taken_out(acme: Any, send: Any, team: Team) -> None:
    mia = acme.joined("mia", "member").user
    form: dict[str, Any] = {"name": "Till", "person": [str(mia.id), "999"], "project": [str(acme.project.id), "999"]}
    assert send(acme.browser(), "/people/teams/checkout", **form).headers["location"].endswith("?done=saved")
    assert acme.directory.teams(acme.organisation.id)[0].name == "Till"
    assert [one.id for one in acme.directory.team_members(team.id)] == [mia.id]
    assert acme.directory.team_projects(team.id) == (acme.project.id,)
    page = acme.browser().get("/people/teams/checkout").text
    assert f'name="person" value="{mia.id}" checked' in page
    assert f'name="person" value="{acme.owner.id}">' in page
    assert "1 person · 1 project" in acme.browser().get("/people").text
    send(acme.browser(), "/people/teams/checkout", name="Till")
    assert acme.directory.team_members(team.id) == ()
    assert acme.directory.team_projects(team.id) == ()


def test_members_read_who_and_what_is_in_a_team(acme: Any, staff: Any, team: Team) -> None:
    acme.directory.set_team_member(team.id, acme.owner.id, True, AUDIT)
    acme.directory.set_team_project(team.id, acme.project.id, True, AUDIT)
    page = staff["member"].get("/people/teams/checkout").text
    assert "<b>Ann</b>" in page
    assert 'href="/projects/shop">Shop' in page
    assert '<form method="post" action="/people' not in page


def test_people_and_projects_of_others_are_not_put_in(acme: Any, other: Any, send: Any, team: Team) -> None:
    theirs: dict[str, Any] = {"person": [str(other.owner.id)], "project": [str(other.project.id)]}
    send(acme.browser(), "/people/teams/checkout", name="Checkout", **theirs)
    assert acme.directory.team_members(team.id) == ()
    assert acme.directory.team_projects(team.id) == ()


def test_a_team_is_removed(acme: Any, send: Any, team: Team) -> None:
    assert send(acme.browser(), "/people/teams/checkout/remove").status_code == 303
    assert acme.directory.teams(acme.organisation.id) == ()


def test_a_team_of_others_is_not_here(acme: Any, other: Any, send: Any, team: Team) -> None:
    assert other.browser().get("/people/teams/checkout").status_code == 404
    assert send(other.browser(), "/people/teams/checkout", name="Mine").status_code == 404
    assert send(other.browser(), "/people/teams/checkout/remove").status_code == 404
    assert acme.directory.teams(acme.organisation.id) == (team,)
