import re
from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from amber.model import SCOPES, AuditEntry, GroupedEvent, Invitation, Target
from amber.testing.letters import Morgue
from amber_api.v1.issues import IssueFilter
from amber_api.v1.routes import HANDLERS

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
Make = Callable[..., GroupedEvent]
PATHS = [
    ("GET", "/projects/{project}"),
    ("PATCH", "/projects/{project}"),
    ("GET", "/projects/{project}/keys"),
    ("POST", "/projects/{project}/keys"),
    ("PATCH", "/projects/{project}/keys/{key}"),
    ("GET", "/projects/{project}/issues"),
    ("POST", "/projects/{project}/issues/bulk"),
    ("GET", "/issues/{issue}"),
    ("PATCH", "/issues/{issue}"),
    ("GET", "/issues/{issue}/grouping"),
    ("GET", "/issues/{issue}/events"),
    ("GET", "/projects/{project}/events/{event}"),
    ("GET", "/projects/{project}/events/{event}/attachments/a1"),
    ("GET", "/projects/{project}/feedback"),
    ("GET", "/projects/{project}/outcomes"),
    ("GET", "/projects/{project}/targets"),
    ("POST", "/projects/{project}/targets"),
    ("GET", "/projects/{project}/targets/{target}"),
    ("PATCH", "/projects/{project}/targets/{target}"),
    ("DELETE", "/projects/{project}/targets/{target}"),
    ("POST", "/projects/{project}/targets/{target}/test"),
    ("GET", "/projects/{project}/targets/{target}/attempts"),
    ("POST", "/projects/{project}/targets/{target}/attempts/{attempt}/again"),
    ("GET", "/organisations/{organisation}"),
    ("PATCH", "/organisations/{organisation}"),
    ("PATCH", "/members/{user}"),
    ("DELETE", "/members/{user}"),
    ("DELETE", "/invitations/{invitation}"),
    ("GET", "/teams/{team}"),
    ("PATCH", "/teams/{team}"),
    ("DELETE", "/teams/{team}"),
    ("PUT", "/teams/{team}/members/{user}"),
    ("DELETE", "/teams/{team}/members/{user}"),
    ("PUT", "/teams/{team}/projects/{project}"),
    ("DELETE", "/teams/{team}/projects/{project}"),
    ("DELETE", "/tokens/{token}"),
    ("GET", "/projects/{project}/plugins/retention/settings"),
    ("PATCH", "/projects/{project}/plugins/retention/settings"),
    ("GET", "/dead-letters/{letter}"),
    ("POST", "/dead-letters/{letter}/retry"),
    ("DELETE", "/dead-letters/{letter}"),
]
ELSEWHERE = {
    ("DELETE", "/me/sessions/{session:str}"),
    ("PUT", "/plugins/{name:str}"),
    *(
        (method, f"{place}/plugins/{{name:str}}/settings")
        for place in ("", "/organisation")
        for method in ("GET", "PATCH")
    ),
    ("GET", "/dead-letters/{letter:str}/original"),
    ("POST", "/consumers/{consumer:str}/resume"),
}
"""What belongs to a person or to the installation; tested with them."""
BODIES: dict[str, Any] = {
    "/projects/{project}/plugins/retention/settings": {"figures_days": 5},
    "/projects/{project}/targets": {"plugin": "post", "name": "mine", "settings": {"url": "https://a.test"}},
    "/projects/{project}/targets/{target}": {"name": "mine"},
    "/organisations/{organisation}": {"name": "Mine now"},
    "/members/{user}": {"role": "admin"},
    "/teams/{team}": {"name": "Mine now"},
    "/projects/{project}": {"name": "Mine now"},
    "/projects/{project}/keys": {"label": "mine"},
    "/projects/{project}/keys/{key}": {"is_active": False},
    "/projects/{project}/issues/bulk": {"ids": ["1"], "status": "resolved"},
    "/issues/{issue}": {"status": "resolved"},
}


@pytest.fixture
def theirs(acme: Any, event: Make, desk: Any, attempt: Callable[[int, int], Any], morgue: Morgue) -> dict[str, Any]:
    """Everything of one organisation, by placeholder."""
    acme.store(event(acme.project.id, 1))
    acme.attach(f"{1:032x}", b"secret")
    acme.client("admin")
    home = acme.organisation.id
    directory = acme.directory
    target = directory.add_target(Target(0, acme.project.id, "post", "ours", {}, (), True, 1.0), AUDIT)
    invitation = Invitation(0, home, "new@shop.test", "member", "", 1.0, 1e12)
    return {
        "letter": morgue.lay(acme.project.id),
        "target": target.id,
        "attempt": directory.note_attempt(attempt(target.id, acme.project.id)).id,
        "user": acme.person("ann").id,
        "invitation": directory.add_invitation(invitation, b"x" * 32, AUDIT).id,
        "team": directory.add_team(home, "web", "Web", AUDIT).id,
        "project": acme.project.id,
        "key": acme.directory.keys(acme.project.id)[0].id,
        "issue": 1,
        "event": f"{1:032x}",
        "organisation": acme.organisation.id,
        "token": acme.directory.tokens(acme.organisation.id)[0].id,
    }


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_what_is_anothers_is_not_there(acme: Any, other: Any, theirs: dict[str, Any], method: str, path: str) -> None:
    ask = {"method": method, "url": "/api/v1" + path.format(**theirs), "json": BODIES.get(path)}
    answer = other.client("org:owner").request(**ask)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert acme.client("org:owner").request(**ask).status_code in (200, 201, 202, 204)


@pytest.mark.parametrize(("method", "path"), [one for one in PATHS if one[1].startswith(("/projects", "/issues"))])
def test_what_is_another_projects_is_not_there_for_a_projects_token(
    acme: Any, theirs: dict[str, Any], event: Make, method: str, path: str
) -> None:
    web = acme.directory.add_project(acme.organisation.id, "web", "Web", "other", AUDIT)
    bound = acme.client("admin", project=web.id)
    answer = bound.request(method, "/api/v1" + path.format(**theirs), json=BODIES.get(path))
    assert answer.status_code == 404


def test_every_route_of_one_thing_is_walked_above() -> None:
    placed = {
        (str(method), path) for one in HANDLERS for path in one.paths for method in one.http_methods if "{" in path
    }
    assert len(placed - ELSEWHERE) == len(PATHS)
    assert placed >= ELSEWHERE


def test_every_route_names_an_action_a_token_can_hold() -> None:
    assert {one.opt["action"] for one in HANDLERS} <= set(SCOPES)


def test_every_route_is_described_and_tagged(acme: Any) -> None:
    paths = acme.client().get("/api/docs/openapi.json").json()["paths"]
    ours = {"/api/v1" + re.sub(r":\w+", "", path) for one in HANDLERS for path in one.paths}
    found = {path: ways for path, ways in paths.items() if path in ours}
    assert found.keys() == ours
    for path, ways in found.items():
        for operation in ways.values():
            assert operation["tags"], path
            assert operation["description"].endswith((".", "…")), path
            assert "404" in operation["responses"], path


def test_query_parameters_are_documented(acme: Any) -> None:
    paths = acme.client().get("/api/docs/openapi.json").json()["paths"]
    given = {one["name"]: one for one in paths["/api/v1/projects/{project}/issues"]["get"]["parameters"]}
    assert given.keys() == {"project", *IssueFilter.__struct_fields__}
    assert given["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    assert given["sort"]["schema"]["enum"] == ["count", "first_seen", "last_seen", "users"]
    assert all(one.get("description") for name, one in given.items() if name != "project")


@pytest.mark.parametrize(
    "path", ["/projects", "/organisations", "/plugins", "/tokens", "/audit", "/issues/1", "/me", "/members"]
)
def test_without_a_token_nothing_is_answered(app: Any, path: str) -> None:
    client: TestClient[Any] = TestClient(app)
    assert client.get(f"/api/v1{path}").status_code == 401


@pytest.mark.parametrize(
    ("scope", "method", "path", "body"),
    [
        ("project:read", "PATCH", "/issues/1", {"status": "resolved"}),
        ("project:read", "POST", "/projects/1/issues/bulk", {"ids": ["1"], "status": "resolved"}),
        ("project:write", "PATCH", "/projects/1", {"name": "x"}),
        ("project:write", "POST", "/projects/1/keys", {"label": "x"}),
        ("project:admin", "POST", "/projects", {"name": "x"}),
        ("project:admin", "GET", "/tokens", None),
        ("project:admin", "GET", "/audit", None),
        ("project:write", "GET", "/projects/1/targets", None),
        ("project:admin", "POST", "/invitations", {"email": "a@b.test"}),
        ("project:admin", "POST", "/teams", {"name": "x"}),
        ("org:admin", "PATCH", "/organisations/acme", {"name": "x"}),
        ("org:owner", "POST", "/organisations", {"name": "x"}),
        ("org:owner", "PUT", "/plugins/api", {"enabled": False}),
        ("project:admin", "GET", "/dead-letters", None),
        ("project:admin", "POST", "/dead-letters/retry", {"match": {}}),
        ("project:admin", "POST", "/dead-letters/drop", {"match": {}}),
        ("org:owner", "GET", "/dead-letters/1/original", None),
        ("org:owner", "GET", "/consumers", None),
        ("org:owner", "POST", "/consumers/digest/resume", None),
    ],
)
def test_too_small_a_scope_is_refused(acme: Any, scope: str, method: str, path: str, body: Any) -> None:
    assert acme.client(scope).request(method, f"/api/v1{path}", json=body).status_code == 403
