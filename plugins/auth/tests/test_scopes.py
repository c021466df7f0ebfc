import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.model import SCOPES, Principal, Resource
from amber_auth.scopes import authorise

MINE = Resource(1)


def token(*scopes: str, projects: frozenset[int] | None = None) -> Principal:
    return Principal("token", "1", organisation=1, projects=projects, scopes=frozenset(scopes))


@pytest.mark.parametrize("held", SCOPES)
@pytest.mark.parametrize("asked", SCOPES)
def test_a_scope_holds_itself_and_every_narrower_one(held: str, asked: str) -> None:
    order = ["project:read", "project:triage", "project:write", "project:admin", "org:admin", "org:owner", "admin"]
    expected = True if order.index(asked) <= order.index(held) else None
    assert authorise(token(held), asked, MINE) is expected


def test_people_are_held_to_their_scopes_like_tokens() -> None:
    person = Principal("user", "1", organisation=1, scopes=frozenset({"project:triage"}))
    assert authorise(person, "project:read", MINE) is True
    assert authorise(person, "project:admin", MINE) is None


def test_a_key_may_send_events_and_nothing_else() -> None:
    key = Principal("key", "1", organisation=1, projects=frozenset({7}), scopes=frozenset({"event:write", "admin"}))
    assert authorise(key, "event:write", Resource(1, 7)) is True
    assert authorise(key, "project:read", Resource(1, 7)) is None


def test_no_token_may_send_events() -> None:
    assert authorise(token("admin", "event:write"), "event:write", MINE) is None


def test_what_belongs_to_another_organisation_is_denied() -> None:
    assert authorise(token("admin"), "project:read", Resource(2)) is False


def test_a_principal_of_no_organisation_has_no_say_in_one() -> None:
    assert authorise(Principal("token", scopes=frozenset({"admin"})), "admin", MINE) is False


def test_what_belongs_to_another_project_is_denied() -> None:
    assert authorise(token("admin", projects=frozenset({7})), "project:read", Resource(1, 8)) is False
    assert authorise(token("admin", projects=frozenset({7})), "project:read", Resource(1, 7)) is True
    assert authorise(token("admin", projects=frozenset({7, 8})), "project:read", Resource(1, 8)) is True
    assert authorise(token("admin", projects=frozenset()), "project:read", Resource(1, 7)) is False
    assert authorise(token("admin"), "project:read", Resource(1, 8)) is True


@pytest.mark.parametrize("projects", [{7}, {7, 8}, set()])
@pytest.mark.parametrize("action", ["org:admin", "org:owner", "admin"])
def test_a_projects_or_teams_token_never_reaches_the_organisation(action: str, projects: set[int]) -> None:
    assert authorise(token("admin", projects=frozenset(projects)), action, Resource(1, 7)) is False


def test_everybody_may_do_what_is_public() -> None:
    assert authorise(Principal("anonymous"), "public", Resource()) is True
    assert authorise(token(), "public", Resource(2)) is True


@given(st.text() | st.sampled_from(SCOPES), st.sampled_from([None, 1, 2]), st.sampled_from([None, 7]))
def test_nobody_known_is_never_allowed(action: str, organisation: int | None, project: int | None) -> None:
    answer = authorise(Principal("anonymous"), action, Resource(organisation, project))
    assert answer is None or action == "public"


@given(st.frozensets(st.text() | st.sampled_from(SCOPES)), st.text().filter(lambda action: action not in SCOPES))
def test_an_action_nobody_knows_is_never_allowed(scopes: frozenset[str], action: str) -> None:
    assert authorise(token(*scopes), action, MINE) is not True or action == "public"


def test_the_system_itself_is_not_these_scopes_matter() -> None:
    assert authorise(Principal("system", scopes=frozenset({"admin"})), "admin", Resource()) is None
