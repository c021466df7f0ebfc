import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amber import Context
from amber.errors import Denied, Reject, Unavailable
from amber.model import AuditEntry, AuthRequest, Directory, Organisation, Principal, Project, Team, token_digest
from amber_auth import tokens
from amber_auth.tokens.commands import token

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
Run = Callable[..., Result]


@pytest.fixture
def ctx(contexts: Callable[[str], Context[Any]]) -> Context[Any]:
    return contexts("tokens")


@pytest.fixture
def run(ctx: Context[Any], organisation: Organisation) -> Run:
    def run(*words: str) -> Result:
        return CliRunner().invoke(token, list(words), obj=ctx, catch_exceptions=False)

    return run


@pytest.fixture
def made(run: Run) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run("create", "--scope", "project:read", "--name", "ci", "--json").stdout)
    return answer


def ask(ctx: Context[Any], authorization: str) -> Principal | None:
    headers = {"authorization": authorization} if authorization else {}
    return tokens.authenticate(AuthRequest("GET", "/api/v1/projects", headers, "192.0.2.1"), ctx)


def test_a_token_speaks_for_its_organisation_with_its_scopes(
    ctx: Context[Any], made: dict[str, Any], organisation: Organisation
) -> None:
    found = ask(ctx, f"bearer {made['token']}")
    assert found is not None
    assert (found.kind, found.id, found.name) == ("token", str(made["id"]), "ci")
    assert (found.organisation, found.project) == (organisation.id, None)
    assert found.scopes == {"project:read"}


@pytest.mark.parametrize("shown", ["", "Basic YTpi", "Bearer", "Bearer eyJhbGciOi", "Sentry sentry_key=1"])
def test_what_is_no_token_of_ours_is_left_to_others(ctx: Context[Any], shown: str) -> None:
    assert ask(ctx, shown) is None


@pytest.mark.parametrize("secret", ["amb_", "amb_wrong", "amb_\udcff"])
def test_an_unknown_token_ends_the_search(ctx: Context[Any], secret: str) -> None:
    with pytest.raises(Denied, match="not known") as refusal:
        ask(ctx, f"Bearer {secret}")
    assert refusal.value.status == 401


def test_a_revoked_token_is_refused(ctx: Context[Any], made: dict[str, Any], run: Run) -> None:
    assert ask(ctx, f"Bearer {made['token']}") is not None
    assert "revoked" in run("revoke", str(made["id"])).stdout
    with pytest.raises(Denied, match="revoked"):
        ask(ctx, f"Bearer {made['token']}")


def test_only_a_digest_of_the_secret_is_kept(made: dict[str, Any], directory: Directory) -> None:
    kept = directory.token(token_digest(made["token"]))
    assert kept is not None
    assert kept.hint == made["token"][-4:]
    assert made["token"] not in repr(kept)


def test_the_use_of_a_token_is_noted_once_a_minute(
    ctx: Context[Any], made: dict[str, Any], directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = []
    for now in (1000.0, 1030.0, 1061.0):
        monkeypatch.setattr(Context, "now", staticmethod(lambda now=now: now))
        ask(ctx, f"Bearer {made['token']}")
        used.append(directory.tokens(1)[0].last_used_at)
    assert used == [1000.0, 1000.0, 1061.0]


def test_a_use_that_cannot_be_noted_turns_nobody_away(
    ctx: Context[Any],
    made: dict[str, Any],
    directory: Directory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(token: int, at: float) -> None:
        raise Unavailable("the database is busy")

    monkeypatch.setattr(directory, "touch_token", away)
    with caplog.at_level(logging.WARNING):
        assert ask(ctx, f"Bearer {made['token']}") is not None
    assert "the database is busy" in caplog.text


def test_a_token_may_be_bound_to_a_project(ctx: Context[Any], run: Run, project: Project) -> None:
    made = json.loads(run("create", "--scope", "project:read", "--project", "shop", "--json").stdout)
    found = ask(ctx, f"Bearer {made['token']}")
    assert found is not None
    assert found.project == made["project_id"] == project.id


@pytest.fixture
def team(directory: Directory, organisation: Organisation, project: Project) -> Team:
    made = directory.add_team(organisation.id, "web", "Web", AUDIT)
    directory.set_team_project(made.id, project.id, True, AUDIT)
    return made


@pytest.fixture
def team_token(run: Run, team: Team) -> str:
    made = json.loads(run("create", "--scope", "project:write", "--team", "web", "--json").stdout)
    assert made["team_id"] == team.id
    return str(made["token"])


def test_a_teams_token_reaches_its_projects_as_they_are_now(
    ctx: Context[Any], team_token: str, team: Team, project: Project, directory: Directory
) -> None:
    other = directory.add_project(project.organisation, "other", "Other", "python", AUDIT)
    found = ask(ctx, f"Bearer {team_token}")
    assert found is not None
    assert found.projects == {project.id}
    directory.set_team_project(team.id, other.id, True, AUDIT)
    directory.set_team_project(team.id, project.id, False, AUDIT)
    found = ask(ctx, f"Bearer {team_token}")
    assert found is not None
    assert found.projects == {other.id}


def test_a_token_of_a_team_that_is_gone_is_refused(
    ctx: Context[Any], team_token: str, team: Team, directory: Directory
) -> None:
    directory.remove_team(team.id, AUDIT)
    with pytest.raises(Denied) as refusal:
        ask(ctx, f"Bearer {team_token}")
    assert refusal.value.status == 401


def test_a_token_left_behind_by_a_team_is_worth_nothing(
    ctx: Context[Any], team_token: str, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "teams", lambda _: ())
    with pytest.raises(Denied, match="team of this token is gone") as refusal:
        ask(ctx, f"Bearer {team_token}")
    assert refusal.value.status == 401


def test_a_token_is_bound_to_a_project_or_a_team_that_is_there(run: Run, team: Team) -> None:
    with pytest.raises(Reject, match="not both"):
        run("create", "--scope", "admin", "--team", "web", "--project", "shop")
    with pytest.raises(Reject, match="no team 'ops'"):
        run("create", "--scope", "admin", "--team", "ops")


def test_a_token_for_a_project_that_is_not_there_is_refused(run: Run) -> None:
    with pytest.raises(Reject, match="no project 'web'"):
        run("create", "--scope", "admin", "--project", "web")


def test_scopes_that_do_not_exist_or_belong_to_keys_are_refused(run: Run) -> None:
    assert run("create", "--scope", "event:write").exit_code == 2
    assert run("create", "--scope", "root").exit_code == 2
    assert run("create").exit_code == 2


def test_the_list_shows_what_each_token_is_and_never_its_secret(run: Run, made: dict[str, Any]) -> None:
    run("revoke", str(made["id"]))
    (line,) = run("list").stdout.splitlines()
    assert "revoked" in line
    assert "project:read" in line
    assert line.endswith("ci")
    (shown,) = json.loads(run("list", "--json").stdout)
    assert made["token"] not in json.dumps(shown)
    assert shown["state"] == "revoked"


def test_a_token_that_is_not_there_cannot_be_revoked(run: Run) -> None:
    with pytest.raises(Reject, match="no token 99"):
        run("revoke", "99")


def test_the_organisation_must_be_named_where_there_are_several(run: Run, directory: Directory) -> None:
    directory.add_organisation("other", "Other", AUDIT)
    with pytest.raises(Reject, match="2 organisations"):
        run("create", "--scope", "admin")
    made = json.loads(run("create", "--scope", "admin", "--organisation", "other", "--json").stdout)
    assert directory.token(token_digest(made["token"])) in directory.tokens(2)
    with pytest.raises(Reject, match="no organisation 'third'"):
        run("list", "--organisation", "third")


def test_without_an_organisation_the_command_says_how_to_get_one(ctx: Context[Any]) -> None:
    with pytest.raises(Reject, match="amber up"):
        CliRunner().invoke(token, ["list"], obj=ctx, catch_exceptions=False)


def test_the_plugin_offers_its_commands() -> None:
    assert [command.name for command in tokens.cli_commands()] == ["token"]
