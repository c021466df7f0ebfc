from collections.abc import Callable
from typing import Any

import pytest

from amber.model import Attempt

URL = "/api/v1/projects/shop/targets"
NEW = {"plugin": "post", "name": "Ops", "settings": {"url": "https://ops.test", "secret": "hush"}}
pytestmark = pytest.mark.usefixtures("desk")


@pytest.fixture
def client(acme: Any) -> Any:
    return acme.client("project:admin")


@pytest.fixture
def made(client: Any) -> dict[str, Any]:
    answer = client.post(URL, json=NEW)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def test_a_target_is_made_listed_and_taken_away(client: Any, made: dict[str, Any]) -> None:
    assert (made["plugin"], made["name"], made["is_enabled"]) == ("post", "Ops", True)
    assert made["kinds"] == ["issue.created", "issue.regressed"]
    assert client.get(URL).json()["items"] == [made]
    assert client.get(f"{URL}/{made['id']}").json() == made
    assert client.delete(f"{URL}/{made['id']}").status_code == 204
    assert client.get(URL).json()["items"] == []
    assert client.get(f"{URL}/{made['id']}").status_code == 404


def test_its_secrets_are_never_shown(acme: Any, client: Any, made: dict[str, Any]) -> None:
    assert made["settings"] == {"url": "https://ops.test", "secret": "•••"}
    client.patch(f"{URL}/{made['id']}", json={"settings": {"url": "https://ops.test", "secret": "hush2"}})
    assert "hush" not in client.get(URL).text
    assert "hush" not in acme.client("org:admin").get("/api/v1/audit").text


def test_a_change_leaves_the_rest_and_an_empty_secret_as_they_were(
    acme: Any, client: Any, made: dict[str, Any]
) -> None:
    path = f"{URL}/{made['id']}"
    changed = client.patch(path, json={"settings": {"url": "https://new.test", "secret": ""}}).json()
    assert changed == made | {"settings": {"url": "https://new.test", "secret": "•••"}}
    off = client.patch(path, json={"is_enabled": False, "name": "Off", "kinds": ["issue.regressed"]}).json()
    assert off == changed | {"is_enabled": False, "name": "Off", "kinds": ["issue.regressed"]}
    assert acme.directory.target(int(made["id"])).settings["secret"] == "hush"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"plugin": "pigeon"}, 404, "pigeon"),
        ({"settings": {}}, 400, "url: is missing"),
        ({"kinds": ["issue.exploded"]}, 400, "kinds"),
        ({"name": ""}, 400, "name"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_a_bad_target_is_refused(client: Any, change: dict[str, Any], status: int, words: str) -> None:
    answer = client.post(URL, json=NEW | change)
    assert (answer.status_code, words in answer.text) == (status, True)
    assert client.get(URL).json()["items"] == []


def test_a_change_of_nothing_is_refused(client: Any, made: dict[str, Any]) -> None:
    assert client.patch(f"{URL}/{made['id']}", json={}).status_code == 400


def test_a_test_message_tells_the_truth(client: Any, made: dict[str, Any]) -> None:
    answer = client.post(f"{URL}/{made['id']}/test")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["outcome"], told["detail"], told["title"]) == ("failed", "500 Oops", "sent by token:1")


def test_what_was_given_up_is_queued_again_and_nothing_else(
    acme: Any, client: Any, made: dict[str, Any], desk: Any, attempt: Callable[..., Attempt]
) -> None:
    home, project = int(made["id"]), acme.project.id
    dead, fine = (acme.directory.note_attempt(attempt(home, project, outcome)) for outcome in ("dead", "delivered"))
    log = client.get(f"{URL}/{home}/attempts").json()["items"]
    assert [(one["id"], one["outcome"]) for one in log] == [(str(fine.id), "delivered"), (str(dead.id), "dead")]
    assert (log[1]["detail"], log[1]["number"], log[1]["kind"]) == ("410 Gone", 8, "issue.created")
    assert client.post(f"{URL}/{home}/attempts/{dead.id}/again").status_code == 202
    assert desk.queued == [dead]
    assert client.post(f"{URL}/{home}/attempts/{fine.id}/again").status_code == 409
    second = client.post(URL, json=NEW).json()["id"]
    assert client.post(f"{URL}/{second}/attempts/{dead.id}/again").status_code == 404
    assert client.post(f"{URL}/{home}/attempts/x/again").status_code == 404


def test_a_target_is_found_under_its_own_project_alone(acme: Any, client: Any, made: dict[str, Any]) -> None:
    acme.client("org:admin").post("/api/v1/projects", json={"name": "Web"})
    assert client.get(f"/api/v1/projects/web/targets/{made['id']}").status_code == 404


def test_the_kinds_of_target_are_told_with_what_they_need(acme: Any) -> None:
    (kind,) = acme.client("project:read").get("/api/v1/target-types").json()["items"]
    assert (kind["plugin"], kind["fields"][0]["name"]) == ("post", "url")
