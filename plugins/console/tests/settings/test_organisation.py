"""The tenant itself, and every other one."""

from typing import Any

import pytest


def test_an_owner_renames_the_organisation(acme: Any, send: Any) -> None:
    assert send(acme.browser(), "/organisation", name="Acme Ltd").headers["location"] == "/organisation?done=saved"
    assert acme.directory.organisation("acme").name == "Acme Ltd"
    assert "<h1>Acme Ltd</h1>" in acme.browser().get("/organisation").text


def test_an_organisation_needs_a_name(acme: Any, send: Any) -> None:
    answer = send(acme.browser(), "/organisation", name="")
    assert answer.status_code == 400
    assert "Is missing." in answer.text
    assert acme.directory.organisation("acme").name == "Acme"


def test_owners_see_no_other_organisation(acme: Any, other: Any) -> None:
    assert "Other" not in acme.browser().get("/organisation").text


def test_a_superuser_makes_an_organisation_and_owns_it(acme: Any, other: Any, staff: Any, send: Any) -> None:
    browser = staff["superuser"]
    assert "Other" in browser.get("/organisation").text
    assert send(browser, "/organisations", other="Acme").status_code == 303
    made = acme.directory.organisation("acme-2")
    assert [(one.user.name, one.role) for one in acme.directory.members(made.id)] == [("Sue", "owner")]
    assert f'name="organisation" value="{made.id}">Switch' in browser.get("/organisation").text
    assert send(browser, "/session/organisation", organisation=str(made.id)).status_code == 303
    assert "<h1>Acme</h1>" in browser.get("/organisation").text


@pytest.mark.parametrize("name", ["", "x" * 101])
def test_an_organisation_that_cannot_be_made_says_why(acme: Any, staff: Any, send: Any, name: str) -> None:
    answer = send(staff["superuser"], "/organisations", other=name)
    assert answer.status_code == 400
    assert 'value="Acme"' in answer.text
    assert len(acme.directory.organisations()) == 1


def test_a_token_cannot_own_an_organisation(acme: Any, send: Any) -> None:
    assert send(acme.program("admin"), "/organisations", other="Ours").status_code == 403
    assert len(acme.directory.organisations()) == 1
