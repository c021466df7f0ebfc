"""API tokens: made, shown once, revoked."""

import re
from html import unescape
from typing import Any

import pytest

from amber.model import AuditEntry, token_digest

AUDIT = AuditEntry(0, "test", "test", "", 1.0)


def make(client: Any, send: Any, **form: str) -> Any:
    return send(client, "/tokens", **{"name": "deploys", "scope": "project:write", "reach": ""} | form)


def test_a_token_is_shown_once_and_works(acme: Any, send: Any, stranger: Any) -> None:
    answer = make(acme.browser(), send)
    assert answer.status_code == 200
    secret = re.search(r"amb_[\w-]{43}", unescape(answer.text))
    assert secret is not None
    kept = acme.directory.token(token_digest(secret[0]))
    assert (kept.name, kept.scopes, kept.project, kept.team) == ("deploys", ("project:write",), None, None)
    for path in ("/tokens", "/audit"):
        assert secret[0] not in acme.browser().get(path).text
    stranger.headers["authorization"] = f"Bearer {secret[0]}"
    assert stranger.get("/api/v1/projects").status_code == 200


def test_a_token_is_bound_to_a_project_or_a_team(acme: Any, send: Any) -> None:
    team = acme.directory.add_team(acme.organisation.id, "checkout", "Checkout", AUDIT)
    make(acme.browser(), send, reach="project:shop")
    make(acme.browser(), send, reach="team:checkout")
    bound = [(one.project, one.team) for one in acme.directory.tokens(acme.organisation.id)]
    assert bound == [(acme.project.id, None), (None, team.id)]
    page = acme.browser().get("/tokens").text
    assert "project:write · Shop" in page
    assert "project:write · projects of Checkout" in page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": ""}, "Is missing."),
        ({"scope": ""}, "Is missing."),
        ({"scope": "everything"}, "Is missing."),
        ({"scope": "org:owner"}, "cannot reach further"),
        ({"scope": "admin"}, "cannot reach further"),
        ({"reach": "project:theirs"}, "Names no project of yours."),
        ({"reach": "team:theirs"}, "Names no team of yours."),
        ({"reach": "moon"}, "Is neither a project nor a team."),
        ({"scope": "org:admin", "reach": "project:shop"}, "about the whole organisation"),
    ],
)
def test_a_token_that_may_not_be_is_refused_beside_its_field(
    acme: Any, other: Any, staff: Any, send: Any, form: dict[str, str], said: str
) -> None:
    other.directory.add_project(other.organisation.id, "theirs", "Theirs", "go", AUDIT)
    other.directory.add_team(other.organisation.id, "theirs", "Theirs", AUDIT)
    answer = make(staff["admin"], send, **form)
    assert answer.status_code == 400
    assert said in unescape(answer.text)
    assert "amb_" not in answer.text
    assert acme.directory.tokens(acme.organisation.id) == ()


def test_scopes_wider_than_ones_own_are_not_offered(staff: Any) -> None:
    assert 'value="org:owner"' not in staff["admin"].get("/tokens").text
    assert 'value="org:owner"' in staff["owner"].get("/tokens").text
    assert 'name="scope" value="admin"' in staff["superuser"].get("/tokens").text


def test_a_revoked_token_is_worthless_and_stands_apart(acme: Any, send: Any) -> None:
    program = acme.program("project:read")
    (kept,) = acme.directory.tokens(acme.organisation.id)
    assert "never used" in acme.browser().get("/tokens").text
    assert program.get("/api/v1/projects").status_code == 200
    assert "last used" in acme.browser().get("/tokens").text
    assert send(acme.browser(), f"/tokens/{kept.id}/revoke").headers["location"] == "/tokens?done=revoked"
    assert program.get("/api/v1/projects").status_code == 401
    assert "1 revoked" in acme.browser().get("/tokens").text


def test_tokens_of_others_are_not_here(acme: Any, other: Any, send: Any) -> None:
    make(other.browser(), send, name="their deploys")
    (theirs,) = other.directory.tokens(other.organisation.id)
    assert "their deploys" not in acme.browser().get("/tokens").text
    assert send(acme.browser(), f"/tokens/{theirs.id}/revoke").status_code == 404
    assert other.directory.token_by_id(theirs.id).revoked_at is None
