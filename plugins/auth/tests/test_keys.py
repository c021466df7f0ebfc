from collections.abc import Callable
from typing import Any

import pytest

from amber import Context
from amber.errors import Denied
from amber.model import AuditEntry, AuthRequest, Directory, Principal, Project
from amber_auth import keys

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
Ask = Callable[..., Principal | None]


@pytest.fixture
def ask(contexts: Callable[[str], Context[Any]]) -> Ask:
    def ask(key: str, project: str = "", **headers: str) -> Principal | None:
        request = AuthRequest("POST", "/api/1/envelope/", headers, "192.0.2.1", key=key, project=project)
        return keys.authenticate(request, contexts("keys"))

    return ask


@pytest.fixture
def public_key(directory: Directory, project: Project) -> str:
    return directory.keys(project.id)[0].public_key


def test_a_key_speaks_for_its_project_and_may_only_send(ask: Ask, public_key: str, project: Project) -> None:
    found = ask(public_key, str(project.id))
    assert found is not None
    assert (found.kind, found.project, found.organisation) == ("key", project.id, project.organisation)
    assert found.scopes == {"event:write"}


def test_a_request_without_a_key_is_somebody_elses(ask: Ask) -> None:
    assert ask("") is None


@pytest.mark.parametrize("claimed", ["", "shop"])
def test_the_project_may_be_left_out_or_named_by_slug(ask: Ask, public_key: str, claimed: str) -> None:
    assert ask(public_key, claimed) is not None


def test_a_key_written_as_a_uuid_is_the_same_key(ask: Ask, public_key: str) -> None:
    dashed = "-".join((public_key[:8], public_key[8:12], public_key[12:16], public_key[16:20], public_key[20:]))
    assert ask(dashed.upper()) is not None


@pytest.mark.parametrize("shown", ["0" * 32, "short", "\x00" * 32, "é" * 32, "٣" * 32])
def test_an_unknown_key_is_refused_in_the_words_sdks_know(ask: Ask, shown: str) -> None:
    with pytest.raises(Denied, match="event submission rejected with_reason: ProjectId") as refusal:
        ask(shown)
    assert refusal.value.status == 403


def test_a_key_that_was_switched_off_is_refused_until_it_is_on_again(
    ask: Ask, directory: Directory, public_key: str, project: Project
) -> None:
    key = directory.keys(project.id)[0].id
    directory.change_key(key, False, AUDIT)
    with pytest.raises(Denied, match="switched off"):
        ask(public_key)
    directory.change_key(key, True, AUDIT)
    assert ask(public_key) is not None


@pytest.mark.parametrize("claimed", ["2", "web", "Shop", "01", "1 "])
def test_a_key_does_not_open_another_project(ask: Ask, public_key: str, claimed: str) -> None:
    with pytest.raises(Denied, match=r"ProjectId .*another project"):
        ask(public_key, claimed)


def test_every_page_may_send_until_the_project_says_otherwise(ask: Ask, public_key: str) -> None:
    assert ask(public_key, origin="https://anywhere.test") is not None


def test_a_page_that_is_not_allowed_is_refused(
    ask: Ask, directory: Directory, public_key: str, project: Project
) -> None:
    directory.change_project(project.id, {"settings": {"allowed_domains": ["*.shop.test"]}}, AUDIT)
    assert ask(public_key, origin="https://www.shop.test") is not None
    assert ask(public_key, referer="https://shop.test/cart?x=1") is not None
    assert ask(public_key) is not None
    with pytest.raises(Denied, match="with_reason: Cors") as refusal:
        ask(public_key, origin="https://evil.test")
    assert refusal.value.status == 403
