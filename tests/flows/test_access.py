"""Every route of the running app, asked by those who may not: nobody, another tenant, too small a scope."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import ended
from .running import Running, wait_until
from .wire import envelope, error

PUBLIC = ("/health/live", "/health/ready", "/metrics", "/api/docs", "/hooks/", "/static/")
"""The beginnings of paths that are open to everyone."""
INGEST = (
    "/api/{project}/envelope/",
    "/api/{project}/store/",
    "/api/store/",
    "/api/{project}/security/",
    "/api/{project}/csp-report/",
    "/api/{project}/minidump/",
    "/api/{project}/events/{event_id}/attachments/",
    "/ingest",
    "/ingest/transaction",
    "/ingest/profile",
    "/ingest/replay",
)
Route = tuple[str, str]


@pytest.fixture(scope="module")
def amber(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with ended(Running(tmp_path_factory.mktemp("access") / "data")) as running:
        assert running.token()  # while there is one organisation, it need not be named
        running.cli_json("org", "create", "Rivals", "--slug", "rivals")
        yield running


@pytest.fixture(scope="module")
def routes(amber: Running) -> list[Route]:
    """Every method and path the app documents; test_every_route.py walks over the pages as well."""
    paths = amber.web.get("/api/docs/openapi.json").json()["paths"]
    documented = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    assert len(documented) > 25
    return documented


@pytest.fixture(scope="module")
def ids(amber: Running) -> dict[str, str]:
    """What there is in the first organisation to put into a path."""
    event = error()
    auth = {"x-sentry-auth": f"Sentry sentry_key={amber.key}, sentry_version=7"}
    attachment = b'\n{"type":"attachment","length":5,"filename":"a.txt"}\nhello'
    sent = amber.web.post(f"/api/{amber.project}/envelope/", content=envelope(event) + attachment, headers=auth)
    assert sent.status_code == 200, sent.text
    stored = amber.stored(event["event_id"])
    attached = wait_until(lambda: amber.event(event["event_id"])["attachments"])
    return {
        "organisation": "amber",
        "project": str(amber.project),
        "issue": stored["issue_id"],
        "event_id": event["event_id"],
        "key": str(amber.get(f"/projects/{amber.project}/keys")["items"][0]["id"]),
        "token": str(amber.get("/tokens")["items"][0]["id"]),
        "attachment": attached[0]["id"],
        "path": "nothing",
        "name": "terminal",
        "monitor": "nightly",
        "environment": "production",
        **dict.fromkeys(("attempt", "invitation", "session", "target", "team", "user", "letter"), "1"),
        "consumer": "digest",
        "plugin": "webhook",
        "address": "1-nobodys",
    }


def filled(path: str, ids: dict[str, str]) -> str:
    """The path with ids in the place of its parameters; a parameter nobody thought of fails the test."""
    names = {"id": "issue", "key_id": "key", "token_id": "token", "attachment_id": "attachment", "issue_id": "issue"}
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: ids[names.get(found[1], found[1])], path)


def is_public(path: str) -> bool:
    return path == "/" or path.startswith(PUBLIC)


def ask(amber: Running, route: Route, ids: dict[str, str], token: str = "") -> httpx.Response:
    method, path = route
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body: Any = {} if method in ("POST", "PATCH", "PUT") else None
    return amber.web.request(method, filled(path, ids), headers=headers, json=body)


def test_nobody_gets_past_the_public_routes(amber: Running, routes: list[Route], ids: dict[str, str]) -> None:
    answers = {route: ask(amber, route, ids) for route in routes}
    opened = {path for (_, path), answer in answers.items() if answer.is_success}
    assert {"/health/live", "/health/ready", "/metrics", "/api/docs", "/api/docs/openapi.json"} <= opened
    assert {path for path in opened if not is_public(path)} == set()
    assert {answer.status_code for route, answer in answers.items() if not is_public(route[1])} == {401}


@pytest.mark.parametrize("token", ["amb_" + "x" * 43, "nonsense", "amb_"])
def test_a_token_nobody_made_opens_nothing(
    amber: Running, routes: list[Route], ids: dict[str, str], token: str
) -> None:
    answers = {route: ask(amber, route, ids, token).status_code for route in routes if not is_public(route[1])}
    assert set(answers.values()) == {401}


def test_a_revoked_token_opens_nothing(amber: Running, ids: dict[str, str]) -> None:
    made = amber.cli_json("token", "create", "--scope", "admin", "--organisation", "amber")
    assert ask(amber, ("GET", "/api/v1/projects"), ids, made["token"]).status_code == 200
    amber.cli_json("token", "revoke", str(made["id"]))
    assert ask(amber, ("GET", "/api/v1/projects"), ids, made["token"]).status_code == 401


def test_ingest_takes_nothing_without_a_key(amber: Running, ids: dict[str, str]) -> None:
    for path in INGEST:
        answer = ask(amber, ("POST", path), ids)
        assert answer.status_code in (400, 401, 403, 415), (path, answer.text)
        answer = ask(amber, ("POST", path), ids, amber.token("admin", "--organisation", "amber"))
        assert answer.status_code in (400, 401, 403, 415), (path, answer.text)


def test_a_project_key_opens_nothing_but_ingest(amber: Running, routes: list[Route], ids: dict[str, str]) -> None:
    auth = {"x-sentry-auth": f"Sentry sentry_key={amber.key}, sentry_version=7", "x-ember-key": amber.key}
    for method, path in routes:
        if not is_public(path):
            query = {"sentry_key": amber.key}
            answer = amber.web.request(method, filled(path, ids), headers=auth, params=query)
            assert answer.status_code in (401, 403), (method, path)
    assert amber.web.get("/api/v1/projects", headers={"authorization": f"Bearer {amber.key}"}).status_code == 401


def test_another_tenants_token_finds_nothing(amber: Running, routes: list[Route], ids: dict[str, str]) -> None:
    stranger = amber.token("admin", "--organisation", "rivals")
    before = wait_until(lambda: settled(amber.data))
    for route in routes:
        named = set(re.findall(r"\{(\w+)", route[1])) - {"organisation", "name"}
        if is_public(route[1]) or not named:
            continue
        answer = ask(amber, route, ids, stranger)
        # a body is read before anything is looked up, so one that is wrong may be told first
        assert answer.status_code == 404 or (answer.status_code == 400 and route[0] != "GET"), route
    assert wait_until(lambda: settled(amber.data)) == before


BODIES: dict[Route, Any] = {
    ("PATCH", "/api/v1/issues/{issue}"): {"status": "resolved"},
    ("POST", "/api/v1/projects/{project}/issues/bulk"): {"ids": ["1"], "status": "resolved"},
    ("PATCH", "/api/v1/projects/{project}"): {"name": "Mine now"},
    ("POST", "/api/v1/projects/{project}/keys"): {"label": "mine"},
}


@pytest.mark.parametrize("route", BODIES, ids=" ".join)
def test_another_tenant_changes_nothing(amber: Running, ids: dict[str, str], routes: list[Route], route: Route) -> None:
    assert route in routes
    stranger = amber.token("admin", "--organisation", "rivals")
    before = wait_until(lambda: settled(amber.data))
    headers = {"authorization": f"Bearer {stranger}"}
    answer = amber.web.request(route[0], filled(route[1], ids), headers=headers, json=BODIES[route])
    assert answer.status_code == 404, answer.text
    assert wait_until(lambda: settled(amber.data)) == before


def test_another_tenants_lists_hold_nothing_of_ours(amber: Running, routes: list[Route], ids: dict[str, str]) -> None:
    stranger = amber.token("admin", "--organisation", "rivals")
    ours = {amber.key, "First project", ids["event_id"], "owner@localhost"}
    for route in routes:
        if route[0] == "GET" and "{" not in route[1] and not is_public(route[1]):
            answer = ask(amber, route, ids, stranger)
            assert not [word for word in ours if word in answer.text], route


def test_a_projects_token_reaches_no_other_project(amber: Running, routes: list[Route], ids: dict[str, str]) -> None:
    other = amber.cli_json("project", "create", "Other", "--organisation", "amber")
    bound = amber.token("project:admin", "--project", str(other["project_id"]), "--organisation", "amber")
    for route in routes:
        if "/projects/{project}" in route[1].replace("/teams/{team}/projects", "") or "{issue}" in route[1]:
            answer = ask(amber, route, ids, bound)
            assert answer.status_code == 404 or (answer.status_code == 400 and route[0] != "GET"), route
    listed = amber.api_as(bound).get("/projects").json()["items"]
    assert [one["slug"] for one in listed] == ["other"]


def settled(data: Path) -> dict[str, int]:
    """The rows once every fact has been told of; nothing before that."""
    found = rows(data)
    return found if not found["outbox"] else {}


def rows(data: Path) -> dict[str, int]:
    """How many rows each table of the database holds, but for the worker's own notes of what it did by the clock."""
    with sqlite3.connect(data / "amber.db") as connection:
        named = connection.execute("select name from sqlite_master where type = 'table' and name != 'jobs'")
        tables = [name for (name,) in named]
        return {name: connection.execute(f'select count(*) from "{name}"').fetchone()[0] for name in tables}
