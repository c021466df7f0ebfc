"""AMBER's token headers and the JSON Web Tokens of teams."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any, cast

import jwt
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from amber import Context, Secret
from amber.errors import Denied, Reject
from amber.model import (
    AuditEntry,
    AuthRequest,
    Directory,
    Organisation,
    Principal,
    Project,
    Team,
    Token,
    new_token,
    reach,
)
from amber_auth import ember
from amber_auth.ember import Config
from amber_auth.ember.signed import is_signed

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
KEY = "k" * 64
NOON = 1_700_000_000.0
DAY = 86_400
Ask = Callable[..., Principal | None]
Make = Callable[..., tuple[str, Token]]


@pytest.fixture
def ctx(contexts: Callable[[str], Context[Any]], monkeypatch: pytest.MonkeyPatch) -> Context[Any]:
    made = contexts("ember")
    monkeypatch.setattr(made, "config", Config(jwt_secret=Secret(KEY)))
    return made


@pytest.fixture
def ask(ctx: Context[Any], organisation: Organisation) -> Ask:
    def ask(key: str = "", **headers: str) -> Principal | None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ember.authenticate(AuthRequest("GET", "/api/v1/me", named, "192.0.2.1", key=key), ctx)

    return ask


@pytest.fixture
def team(directory: Directory, project: Project) -> Team:
    made = directory.add_team(project.organisation, "web", "Web", AUDIT)
    directory.set_team_project(made.id, project.id, True, AUDIT)
    return made


@pytest.fixture
def make(directory: Directory, organisation: Organisation) -> Make:
    def make(*scopes: str, project: int | None = None, team: int | None = None) -> tuple[str, Token]:
        secret, digest = new_token()
        wanted = Token(0, organisation.id, project, "ci", secret[-4:], scopes, NOON, team=team)
        return secret, directory.add_token(wanted, digest, AUDIT)

    return make


def claims(token: Token, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    plain: dict[str, Any] = {
        "sub": str(token.id),
        "token_id": str(token.id),
        "team_id": str(token.team),
        "role": "member",
        "scopes": ["project:read", "project:triage"],
        "iat": now,
        "exp": now + DAY,
    }
    return {name: value for name, value in (plain | changed).items() if value is not None}


def signed(token: Token, key: str = KEY, algorithm: str = "HS256", **changed: Any) -> str:
    return jwt.encode(claims(token, **changed), key, algorithm=algorithm)


def refused(ask: Ask, status: int = 401, words: str = "Token cannot be used", **headers: str) -> None:
    with pytest.raises(Denied, match=words) as refusal:
        ask(**headers)
    assert refusal.value.status == status


# --- what is no business of ours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_ember_project": "shop"},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer amb_x"},
        {"authorization": "Bearer nonsense", "x_ember_project": "shop"},
        {"authorization": "Basic YTpi", "x_ember_token": "amb_x"},
        {"x_ember_token": "  "},
    ],
)
def test_what_shows_nothing_of_ours_is_left_to_others(ask: Ask, headers: dict[str, str]) -> None:
    assert ask(**headers) is None


def test_ingest_is_left_to_the_keys(ask: Ask) -> None:
    assert ask(key="0" * 32, x_ember_key="0" * 32, x_ember_admin="x") is None


# --- opaque tokens ----------------------------------------------------------------------------------------------------


def test_a_token_is_taken_from_ambers_header(ask: Ask, make: Make, organisation: Organisation) -> None:
    secret, token = make("project:write")
    found = ask(x_ember_token=secret)
    assert found is not None
    assert (found.kind, found.id, found.organisation) == ("token", str(token.id), organisation.id)
    assert (found.scopes, found.projects) == ({"project:write"}, None)


@pytest.mark.parametrize("header", ["x_ember_token", "authorization"])
def test_a_project_header_narrows_a_token(ask: Ask, make: Make, project: Project, header: str) -> None:
    secret, _ = make("project:write")
    shown = {header: f"Bearer {secret}" if header == "authorization" else secret}
    found = ask(x_ember_project="shop", **shown)
    assert found is not None
    assert found.projects == {project.id}


def test_a_project_header_never_widens_a_token(
    ask: Ask, make: Make, directory: Directory, project: Project, team: Team
) -> None:
    other = directory.add_project(project.organisation, "other", "Other", "python", AUDIT)
    for secret, _ in (make("admin", project=project.id), make("admin", team=team.id)):
        refused(ask, 404, "no such project", x_ember_token=secret, x_ember_project=str(other.id))
        refused(ask, 404, "no such project", authorization=f"Bearer {secret}", x_ember_project="other")
        found = ask(x_ember_token=secret, x_ember_project="shop")
        assert found is not None
        assert found.projects == {project.id}


@pytest.mark.parametrize("secret", ["amb_wrong", "0b6f2a3c-uuid", "amb_\udcff"])
def test_an_unknown_token_is_refused(ask: Ask, secret: str) -> None:
    refused(ask, words="not known", x_ember_token=secret)


def test_a_revoked_token_is_refused(ask: Ask, make: Make, directory: Directory, project: Project) -> None:
    secret, token = make("admin", project=project.id)
    directory.revoke_token(token.id, AUDIT)
    refused(ask, words="revoked", x_ember_token=secret)
    refused(ask, words="revoked", x_ember_key=secret, x_ember_project="shop")


# --- project and key --------------------------------------------------------------------------------------------------


def test_a_projects_secret_token_reads_its_project(ask: Ask, make: Make, project: Project) -> None:
    secret, token = make("project:read", project=project.id)
    found = ask(x_ember_key=secret, x_ember_project=str(project.id))
    assert found is not None
    assert (found.id, found.projects, found.scopes) == (str(token.id), {project.id}, {"project:read"})


def test_a_public_key_never_reads(ask: Ask, directory: Directory, project: Project) -> None:
    key = directory.keys(project.id)[0].public_key
    refused(ask, words="make a token for the project", x_ember_key=key, x_ember_project="shop")


def test_a_key_header_wants_the_project_its_token_is_bound_to(
    ask: Ask, make: Make, directory: Directory, project: Project
) -> None:
    directory.add_project(project.organisation, "other", "Other", "python", AUDIT)
    bound, _ = make("project:read", project=project.id)
    refused(ask, words="must name the project", x_ember_key=bound)
    refused(ask, 404, "no such project", x_ember_key=bound, x_ember_project="other")
    wide, _ = make("project:read")
    refused(ask, words="bound to no project", x_ember_key=wide, x_ember_project="shop")


# --- JSON Web Tokens --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["x_ember_token", "authorization"])
def test_a_teams_jwt_reaches_its_projects(ask: Ask, make: Make, team: Team, project: Project, header: str) -> None:
    _, token = make("project:triage", team=team.id)
    text = signed(token)
    found = ask(**{header: f"Bearer {text}" if header == "authorization" else text})
    assert found is not None
    assert (found.id, found.projects) == (str(token.id), {project.id})
    assert found.scopes == {"project:read", "project:triage"}


@pytest.mark.parametrize(
    ("kept", "claimed", "role", "held"),
    [
        (("project:read",), ["admin"], "owner", {"project:read"}),
        (("admin",), ["project:read"], "owner", {"project:read"}),
        (("admin",), ["admin"], "member", reach({"project:triage"})),
        (("project:write",), ["project:write"], "admin", reach({"project:write"})),
        (("project:write",), ["root", 7], "owner", set()),
    ],
)
def test_claims_make_a_token_narrower_and_never_wider(
    ask: Ask, make: Make, team: Team, kept: tuple[str, ...], claimed: list[Any], role: str, held: set[str]
) -> None:
    _, token = make(*kept, team=team.id)
    found = ask(x_ember_token=signed(token, scopes=claimed, role=role))
    assert found is not None
    assert found.scopes == held


@pytest.mark.parametrize("role", ["superuser", "", 7])
def test_a_role_nobody_has_is_refused(ask: Ask, make: Make, team: Team, role: Any) -> None:
    _, token = make("admin", team=team.id)
    refused(ask, words="no role", x_ember_token=signed(token, role=role))


def test_claims_that_hold_no_list_of_scopes_are_refused(ask: Ask, make: Make, team: Team) -> None:
    _, token = make("admin", team=team.id)
    refused(ask, words="no scopes", x_ember_token=signed(token, scopes="admin"))


@pytest.mark.parametrize("missing", ["exp", "iat", "sub", "token_id", "team_id", "role", "scopes"])
def test_a_jwt_without_a_claim_is_refused(ask: Ask, make: Make, team: Team, missing: str) -> None:
    _, token = make("admin", team=team.id)
    refused(ask, words=missing, x_ember_token=signed(token, **{missing: None}))


def test_a_jwt_signed_with_another_key_is_refused(ask: Ask, make: Make, team: Team) -> None:
    _, token = make("admin", team=team.id)
    refused(ask, words="[Ss]ignature", x_ember_token=signed(token, key="z" * 32))


@pytest.mark.parametrize("algorithm", ["none", "NONE", "nOnE"])
def test_an_unsigned_jwt_is_refused(ask: Ask, make: Make, team: Team, algorithm: str) -> None:
    _, token = make("admin", team=team.id)

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    refused(ask, x_ember_token=f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims(token))}.")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_only_one_algorithm_is_taken(ask: Ask, make: Make, team: Team, algorithm: str) -> None:
    _, token = make("admin", team=team.id)
    refused(ask, x_ember_token=signed(token, algorithm=algorithm))


@pytest.mark.parametrize(
    "changed",
    [{"exp": 1}, {"iat": 4_000_000_000, "exp": 4_000_000_001}, {"exp": "soon"}, {"nbf": 4_000_000_000}],
)
def test_a_jwt_of_another_time_is_refused(ask: Ask, make: Make, team: Team, changed: dict[str, Any]) -> None:
    _, token = make("admin", team=team.id)
    refused(ask, x_ember_token=signed(token, **changed))


def test_a_revoked_tokens_jwt_is_refused_at_once(ask: Ask, make: Make, team: Team, directory: Directory) -> None:
    _, token = make("admin", team=team.id)
    text = signed(token)
    assert ask(x_ember_token=text) is not None
    directory.revoke_token(token.id, AUDIT)
    refused(ask, words="revoked", x_ember_token=text)


def test_the_jwt_of_a_team_that_is_gone_is_refused(ask: Ask, make: Make, team: Team, directory: Directory) -> None:
    _, token = make("admin", team=team.id)
    text = signed(token)
    directory.remove_team(team.id, AUDIT)
    refused(ask, words="revoked", x_ember_token=text)


def test_a_jwt_must_name_its_own_token_and_team(ask: Ask, make: Make, team: Team, project: Project) -> None:
    _, token = make("admin", team=team.id)
    refused(ask, words="another team", x_ember_token=signed(token, team_id="999"))
    refused(ask, words="another team", x_ember_token=signed(token, sub="999"))
    _, bound = make("admin", project=project.id)
    refused(ask, words="another team", x_ember_token=signed(bound, team_id="None"))


@pytest.mark.parametrize("number", ["999", "0", "-1", "1 or 1=1", "9" * 30, "٣", ""])
def test_a_jwt_of_a_token_that_is_not_there_is_refused(ask: Ask, make: Make, team: Team, number: str) -> None:
    _, token = make("admin", team=team.id)
    refused(ask, words="not known", x_ember_token=signed(token, token_id=number, sub=number))


@given(st.text(alphabet=st.characters(), max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_what_only_looks_like_a_jwt_is_refused(one: str, two: str, three: str) -> None:
    shown = f"{one}.{two}.{three}"
    if not is_signed(shown):
        return
    config = Config(jwt_secret=Secret(KEY))
    with pytest.raises(Denied):
        ember.authenticate(AuthRequest("GET", "/", {"x-ember-token": f"x{shown}x"}, ""), cast("Any", Settled(config)))


class Settled:
    """As much of a context as a token needs that is refused before anything is looked up."""

    def __init__(self, config: Config) -> None:
        self.config = config


def test_without_a_secret_no_jwt_is_taken(
    ask: Ask, ctx: Context[Any], make: Make, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = make("admin", team=team.id)
    monkeypatch.setattr(ctx, "config", Config())
    refused(ask, words="jwt_secret in amber.toml", x_ember_token=signed(token))
    assert ask(authorization=f"Bearer {signed(token)}") is None


# --- making them ------------------------------------------------------------------------------------------------------


@pytest.fixture
def as_token(app: Any, make: Make) -> Callable[..., TestClient[Any]]:
    def as_token(*scopes: str) -> TestClient[Any]:
        client: TestClient[Any] = TestClient(app)
        client.headers["authorization"] = f"Bearer {make(*scopes)[0]}"
        return client

    return as_token


@pytest.mark.parametrize(
    ("scope", "role"),
    [("project:read", "member"), ("project:triage", "member"), ("project:admin", "admin"), ("org:admin", "admin")],
)
def test_a_jwt_is_made_for_a_teams_token_and_works(
    ctx: Context[Any], as_token: Any, make: Make, team: Team, project: Project, app: Any, scope: str, role: str
) -> None:
    _, token = make(scope, team=team.id)
    made = as_token("org:admin").post(f"/api/v1/tokens/{token.id}/jwt")
    assert made.status_code == 201, made.text
    told = jwt.decode(made.json()["jwt"], KEY, algorithms=["HS256"])
    assert (told["sub"], told["team_id"], told["role"]) == (str(token.id), str(team.id), role)
    assert told["exp"] - told["iat"] == 30 * DAY
    assert set(told["scopes"]) == reach({scope})
    client: TestClient[Any] = TestClient(app)
    client.headers["authorization"] = f"Bearer {made.json()['jwt']}"
    assert [one["id"] for one in client.get("/api/v1/projects").json()["items"]] == [str(project.id)]


def test_making_a_jwt_is_in_the_audit_log(
    ctx: Context[Any], as_token: Any, make: Make, team: Team, directory: Directory
) -> None:
    _, token = make("project:read", team=team.id)
    made = as_token("org:admin").post(f"/api/v1/tokens/{token.id}/jwt").json()["jwt"]
    told = directory.audit_log(token.organisation).items[0]
    assert (told.action, told.subject) == ("token.jwt", f"token:{token.id}")
    assert told.client_ip
    assert made not in repr(told)


def test_no_jwt_is_made_of_what_is_no_teams_or_anothers(
    ctx: Context[Any], as_token: Any, make: Make, team: Team, directory: Directory
) -> None:
    client = as_token("org:admin")
    _, wide = make("project:read")
    assert client.post(f"/api/v1/tokens/{wide.id}/jwt").status_code == 409
    _, revoked = make("project:read", team=team.id)
    directory.revoke_token(revoked.id, AUDIT)
    assert client.post(f"/api/v1/tokens/{revoked.id}/jwt").status_code == 409
    other = directory.add_organisation("other", "Other", AUDIT)
    theirs = directory.add_team(other.id, "web", "Web", AUDIT)
    secret, digest = new_token()
    wanted = Token(0, other.id, None, "ci", secret[-4:], ("project:read",), NOON, team=theirs.id)
    foreign = directory.add_token(wanted, digest, AUDIT)
    for number in (foreign.id, 999, "x"):
        assert client.post(f"/api/v1/tokens/{number}/jwt").status_code == 404
    _, wider = make("admin", team=team.id)
    assert client.post(f"/api/v1/tokens/{wider.id}/jwt").status_code == 403
    assert as_token("project:admin").post(f"/api/v1/tokens/{revoked.id}/jwt").status_code == 403


def test_without_a_secret_none_is_made(
    ctx: Context[Any], as_token: Any, make: Make, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = make("project:read", team=team.id)
    monkeypatch.setattr(ctx, "config", Config())
    answer = as_token("org:admin").post(f"/api/v1/tokens/{token.id}/jwt")
    assert answer.status_code == 409
    assert "jwt_secret" in answer.json()["detail"]


def test_the_command_line_makes_one_too(ctx: Context[Any], ask: Ask, make: Make, team: Team) -> None:
    _, token = make("project:read", team=team.id)
    (command,) = ember.cli_commands()
    answer = CliRunner().invoke(command, [str(token.id), "--json"], obj=ctx, catch_exceptions=False)
    found = ask(x_ember_token=json.loads(answer.stdout)["jwt"])
    assert found is not None
    assert found.id == str(token.id)
    with pytest.raises(Reject, match="amber token list"):
        CliRunner().invoke(command, ["999"], obj=ctx, catch_exceptions=False)
