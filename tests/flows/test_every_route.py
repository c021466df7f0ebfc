"""Every route and page of every plugin, asked by everybody: what a role does not reach is refused, and says so."""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from litestar.routes import HTTPRoute
from litestar.testing import TestClient
from msgspec import Struct, structs

from amber.model import (
    GRANTS,
    PUBLIC,
    SCOPES,
    AuditEntry,
    Batch,
    Directory,
    Event,
    GroupedEvent,
    Grouping,
    Invitation,
    Role,
    Session,
    Target,
    Token,
    User,
    new_token,
    reach,
    token_digest,
)
from amber.running.mounts import Mounts
from amber.testing.letters import Morgue, morgue
from amber.testing.running import Kernel, app, kernel, session_kernel

__all__ = ["app", "kernel", "morgue", "session_kernel"]
NOW = time.time()
AUDIT = AuditEntry(1, "test", "test", "", NOW)
FOREVER = 9e9
COOKIE = "__Host-amber_session"
"""The kernel under test believes to be reached over HTTPS."""
SAFE = ("GET", "HEAD", "OPTIONS")
FIXED = {
    "address": "5-nobodys",
    "attachment": "none",
    "attempt": "1",
    "consumer": "digest",
    "environment": "production",
    "file_path": "nothing",
    "monitor": "nightly",
    "name": "terminal",
    "page": "nothing",
    "path": "nothing",
    "plugin": "terminal",
    "rest": "nothing",
    "secret": "nobodys-secret",
}
"""What stands in paths whatever there is."""
OWN_ACCOUNT = ("/profile", "/logout", "/session", "/api/v1/me")
"""What concerns whoever asks, and nobody else."""


def is_own(path: str) -> bool:
    """Whether a path concerns nobody but whoever asks."""
    return any(path == one or path.startswith(f"{one}/") for one in OWN_ACCOUNT)


class Way(Struct, frozen=True):
    """One method of one path, and the action it needs."""

    method: str
    path: str
    action: str

    @property
    def is_page(self) -> bool:
        return not self.path.startswith("/api/")


class Person(Struct, frozen=True):
    """Somebody with a session or a token, and what they hold."""

    headers: Mapping[str, str]
    scopes: frozenset[str]


@pytest.fixture(scope="module")
def ways(app: Mounts) -> list[Way]:
    found = []
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS":
                    found.append(Way(method, route.path, str(handler.opt.get("action", ""))))
    assert len(found) > 90
    return found


@pytest.fixture
def client(app: Mounts, kernel: Kernel) -> Iterator[TestClient[Mounts]]:
    with TestClient(app, base_url="https://amber.test") as made:
        made.follow_redirects = False
        yield made


class Town:
    """Two organisations with people in every role, and one of everything in the first."""

    def __init__(self, kernel: Kernel, morgue: Morgue) -> None:
        self.directory: Directory = kernel.stores.directory
        self.morgue = morgue
        self.kernel = kernel
        self.shop = self.directory.add_organisation("shop", "Shop", AUDIT).id
        self.rivals = self.directory.add_organisation("rivals", "Rivals", AUDIT).id
        self.people: dict[str, Person] = {}
        for role in GRANTS:
            self.people[role] = self._person(self.shop, role)
        self.people["superuser"] = self._person(self.shop, "member", is_superuser=True)
        for scope in SCOPES:
            self.people[f"token {scope}"] = self._token(scope)
        self.stranger = self._person(self.rivals, "owner")
        self.ids = self._everything()

    def _person(self, organisation: int, role: Role, is_superuser: bool = False) -> Person:
        email = f"{role}{is_superuser}@{organisation}.test".lower()
        user = self.directory.add_user(User(0, email, role, "", NOW, is_superuser), AUDIT)
        self.directory.add_member(organisation, user.id, role, AUDIT)
        secret = f"secret of {email}".ljust(43, "x").replace(" ", "-")
        session = Session(0, user.id, organisation, NOW, NOW, FOREVER, "192.0.2.1", "test")
        self.directory.add_session(session, token_digest(secret), AUDIT)
        scopes = reach([GRANTS[role], *(["admin"] if is_superuser else [])])
        return Person({"cookie": f"{COOKIE}={secret}", "sec-fetch-site": "same-origin"}, scopes)

    def _token(self, scope: Any) -> Person:
        secret, digest = new_token()
        self.directory.add_token(Token(0, self.shop, None, scope, secret[-4:], (scope,), NOW), digest, AUDIT)
        return Person({"authorization": f"Bearer {secret}"}, reach([scope]))

    def _everything(self) -> dict[str, str]:
        directory = self.directory
        project = directory.add_project(self.shop, "web", "Web", "python", AUDIT)
        audit = structs.replace(AUDIT, organisation=self.shop)
        directory.add_team(self.shop, "core", "Core", audit)
        invitation = Invitation(0, self.shop, "new@shop.test", "member", "test", NOW, FOREVER)
        target = Target(0, project.id, "webhook", "hook", {"url": "https://example.org"}, (), True, NOW)
        event = Event("1" * 32, project.id, "error", NOW, NOW, {"platform": "python"})
        grouped = GroupedEvent(event, Grouping("test", 1, "k", "because"), "Title", "culprit")
        self.kernel.stores.events.write_events([grouped])
        self.kernel.stores.issues.apply(Batch(events=(grouped,)))
        found = self.kernel.stores.issues.find_issue(project.id, "k")
        assert found is not None
        elsewhere = Session(0, directory.members(self.shop)[0].user.id, self.shop, NOW, NOW, FOREVER, "", "elsewhere")
        session = directory.add_session(elsewhere, b"elsewhere", audit)
        return {
            **FIXED,
            "organisation": "shop",
            "project": str(project.id),
            "slug": "web",
            "team": "core",
            "key": str(directory.keys(project.id)[0].id),
            "token": str(directory.tokens(self.shop)[0].id),
            "issue": str(found.id),
            "event": "1" * 32,
            "event_id": "1" * 32,
            "invitation": str(directory.add_invitation(invitation, b"digest", audit).id),
            "target": str(directory.add_target(target, audit).id),
            "letter": str(self.morgue.lay(project.id)),
            "member": str(directory.members(self.shop)[0].user.id),
            "user": str(directory.members(self.shop)[0].user.id),
            "session": str(session.id),
        }

    def filled(self, path: str) -> str:
        """The path with ids in the place of its parameters; a parameter nobody thought of fails the test."""
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: self.ids[found[1]], path)

    def ask(self, client: TestClient[Mounts], way: Way, headers: Mapping[str, str]) -> Any:
        body: dict[str, Any] = {}
        if way.method not in SAFE:
            body = {"data": {}} if way.is_page else {"json": {}}
        client.cookies.clear()
        return client.request(way.method, self.filled(way.path), headers=dict(headers), **body)


@pytest.fixture
def town(kernel: Kernel, morgue: Morgue) -> Town:
    return Town(kernel, morgue)


def streams(way: Way) -> bool:
    """Whether an answer that is allowed never ends."""
    return way.path == "/live"


def test_every_route_names_what_it_needs(ways: list[Way]) -> None:
    assert {way.action for way in ways} <= {*SCOPES, PUBLIC}
    public = {way.path for way in ways if way.action == PUBLIC}
    opened = re.compile(
        r"/|/login|/session.*|/logout|/invitation/.*|/health/.*|/metrics|/api/docs.*|/hooks/.*|/static/.*"
    )
    assert {path for path in public if not opened.fullmatch(path)} == set()


def test_what_changes_something_takes_more_than_reading(ways: list[Way]) -> None:
    weak = {way.path for way in ways if way.method not in SAFE and way.action == "project:read"}
    weak -= {path for path in weak if "/pages/{plugin" in path}  # each page of a plugin says itself what a form takes
    left = {"/people/{user:int}/remove", "/api/v1/members/{user:str}"}  # everybody may leave; the rule sees to the rest
    assert {path for path in weak if not is_own(path)} == left


def test_nobody_is_sent_to_log_in_or_refused(ways: list[Way], town: Town, client: TestClient[Mounts]) -> None:
    for way in ways:
        if way.action == PUBLIC:
            continue
        answer = town.ask(client, way, {})
        if way.is_page and way.method in SAFE:
            assert answer.status_code == 303, way
            assert answer.headers["location"].startswith("/login"), way
        else:
            assert answer.status_code in (303, 401), way
            assert answer.status_code == 401 or answer.headers["location"].startswith("/login"), way


@pytest.mark.parametrize("who", [*GRANTS, "superuser", *(f"token {scope}" for scope in SCOPES)])
def test_a_role_reaches_what_it_holds_and_nothing_else(
    ways: list[Way], town: Town, client: TestClient[Mounts], who: str
) -> None:
    person = town.people[who]
    reached = refused = 0
    for way in ways:
        if way.action == PUBLIC or streams(way):
            continue
        answer = town.ask(client, way, person.headers)
        if way.action not in person.scopes:
            refused += 1
            assert answer.status_code == 403, (who, way, answer.text[:300])
        elif way.method in SAFE and not (who.startswith("token") and is_own(way.path)):
            reached += 1
            assert answer.status_code in (200, 303, 304, 404), (who, way, answer.text[:300])
    assert reached > 10
    assert refused > 0 or "admin" in person.scopes


def test_what_is_anothers_does_not_exist(ways: list[Way], town: Town, client: TestClient[Mounts]) -> None:
    before = town.directory.projects(town.shop), town.directory.members(town.shop), town.directory.teams(town.shop)
    for way in ways:
        named = set(re.findall(r"\{(\w+)", way.path)) - {"path", "file_path", "plugin", "name", "secret"}
        if way.action == PUBLIC or not named or way.action not in town.stranger.scopes:
            continue
        answer = town.ask(client, way, town.stranger.headers)
        # a body is read before anything is looked up, so one that is wrong may be told first
        assert answer.status_code == 404 or (answer.status_code == 400 and way.method not in SAFE), (way, answer.text)
    after = town.directory.projects(town.shop), town.directory.members(town.shop), town.directory.teams(town.shop)
    assert after == before


def test_another_sites_page_changes_nothing(ways: list[Way], town: Town, client: TestClient[Mounts]) -> None:
    headers = dict(town.people["superuser"].headers)
    for site in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "", "origin": "https://evil.test"}):
        sent = {name: value for name, value in (headers | site).items() if value}
        for way in ways:
            if way.method not in SAFE:
                assert town.ask(client, way, sent).status_code == 403, (way, site)
                anonymous = {name: value for name, value in sent.items() if name != "cookie"}
                assert town.ask(client, way, anonymous).status_code == 403, (way, site)


def test_a_session_that_ended_opens_nothing(ways: list[Way], town: Town, client: TestClient[Mounts]) -> None:
    owner = town.people["owner"]
    user = next(member.user for member in town.directory.members(town.shop) if member.role == "owner")
    [session] = [one for one in town.directory.sessions(user.id) if one.user_agent == "test"]
    way = next(way for way in ways if way.path == "/issues" and way.method == "GET")
    assert town.ask(client, way, owner.headers).status_code == 200
    town.directory.end_session(session.id, AUDIT)
    assert town.ask(client, way, owner.headers).status_code == 303
