"""What could not be handled, as the API tells of it."""

from typing import Any

import pytest

from amber.testing.letters import PAYLOAD, Morgue

URL = "/api/v1/dead-letters"
AUDIT_ACTIONS = ("letter.", "consumer.")


@pytest.fixture
def admin(acme: Any) -> Any:
    return acme.client("org:admin")


@pytest.fixture
def superuser(acme: Any) -> Any:
    return acme.client("admin")


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def audits(client: Any) -> list[tuple[str, str]]:
    entries = client.get("/api/v1/audit").json()["items"]
    return [(one["action"], one["subject"]) for one in entries if one["action"].startswith(AUDIT_ACTIONS)]


def test_letters_are_listed_with_what_they_are(acme: Any, admin: Any, morgue: Morgue) -> None:
    morgue.lay(acme.project.id, "tiny", "ValueError: no")
    answer = admin.get(URL).json()
    [letter] = answer["items"]
    assert (answer["total"], answer["newest"], answer["next"]) == (1, "1", None)
    assert (letter["plugin"], letter["stream"], letter["reason"]) == ("tiny", "ITEMS", "ValueError: no")
    assert (letter["project"], letter["event_id"], letter["items"]) == (str(acme.project.id), f"{1:032x}", ["error"])
    assert (letter["delivered"], letter["retries"], letter["client"]) == (8, 0, "sentry.python/2.0")
    assert letter["at"] == letter["first_at"]
    assert admin.get(f"{URL}/1").json() == letter


def test_letters_are_paged_and_chosen(acme: Any, admin: Any, morgue: Morgue) -> None:
    for plugin in ("tiny", "sentry", "tiny"):
        morgue.lay(acme.project.id, plugin, f"{plugin} broke")
    morgue.put(b'{"project": %d}' % acme.project.id, "alerts", "no", "FACTS", "amber.v1.fact.issue.created.1")
    first = admin.get(URL, params={"limit": 3}).json()
    assert [one["id"] for one in first["items"]] == ["4", "3", "2"]
    assert ids(admin.get(URL, params={"cursor": first["next"]})) == ["1"]
    assert ids(admin.get(URL, params={"order": "oldest", "limit": 1})) == ["1"]
    assert ids(admin.get(URL, params={"plugin": "tiny"})) == ["3", "1"]
    assert ids(admin.get(URL, params={"stream": "FACTS"})) == ["4"]
    assert ids(admin.get(URL, params={"text": "SENTRY"})) == ["2"]
    assert ids(admin.get(URL, params={"project": acme.project.id + 1})) == []


@pytest.mark.parametrize("query", ["plugin=a.b", "stream=DEAD", "cursor=x", "order=up", "project=-1", "colour=red"])
def test_a_bad_question_is_refused(admin: Any, morgue: Morgue, query: str) -> None:
    assert admin.get(f"{URL}?{query}").status_code == 400


def test_an_organisation_sees_its_own_and_a_superuser_all(
    acme: Any, other: Any, admin: Any, superuser: Any, morgue: Morgue
) -> None:
    morgue.lay(acme.project.id)
    morgue.lay(other.project.id)
    morgue.lay()
    assert ids(admin.get(URL)) == ["1"]
    assert ids(other.client("org:owner").get(URL)) == ["2"]
    assert ids(superuser.get(URL)) == ["3", "2", "1"]
    assert superuser.get(f"{URL}/3").json()["project"] is None
    assert [admin.get(f"{URL}/{number}").status_code for number in ("2", "3", "4", "x")] == [404] * 4


def test_a_token_of_one_project_sees_none(acme: Any, morgue: Morgue) -> None:
    morgue.lay(acme.project.id)
    assert acme.client("admin", project=acme.project.id).get(URL).status_code == 403


def test_the_original_is_shown_to_superusers_and_every_look_is_written_down(
    acme: Any, admin: Any, superuser: Any, morgue: Morgue
) -> None:
    morgue.lay(acme.project.id)
    assert admin.get(f"{URL}/1/original").status_code == 403
    for path in (URL, f"{URL}/1"):
        assert "4111" not in superuser.get(path).text
    answer = superuser.get(f"{URL}/1/original").json()
    [content] = answer["contents"]
    assert content["body"] == PAYLOAD.decode()
    assert (content["protocol"], content["is_cut"], answer["letter"]["id"]) == ("sentry", False, "1")
    assert audits(admin) == [("letter.open", "dead-letter:1")]


def test_what_another_organisation_lost_is_written_down_there(
    acme: Any, other: Any, superuser: Any, morgue: Any
) -> None:
    morgue.lay(other.project.id)
    assert superuser.post(f"{URL}/1/retry").status_code == 202
    assert audits(other.client("org:admin")) == [("letter.retry", "dead-letter:1")]
    assert audits(superuser) == []


def test_a_letter_is_handed_back_and_gone(acme: Any, admin: Any, morgue: Morgue) -> None:
    morgue.lay(acme.project.id)
    answer = admin.post(f"{URL}/1/retry")
    assert (answer.status_code, answer.json()["id"]) == (202, "1")
    assert (morgue.back(), morgue.numbers()) == (["s1"], [])
    assert admin.post(f"{URL}/1/retry").status_code == 404
    assert audits(admin) == [("letter.retry", "dead-letter:1")]


def test_a_letter_is_dropped(acme: Any, admin: Any, morgue: Morgue) -> None:
    morgue.lay(acme.project.id)
    assert admin.delete(f"{URL}/1").status_code == 204
    assert (morgue.back(), morgue.numbers()) == ([], [])
    assert audits(admin) == [("letter.drop", "dead-letter:1")]


def test_many_are_handed_back_or_dropped_by_number(acme: Any, admin: Any, morgue: Morgue) -> None:
    for _ in range(4):
        morgue.lay(acme.project.id)
    assert admin.post(f"{URL}/retry", json={"ids": ["1", "2", "1"]}).json() == {"done": 2, "left": 0}
    assert admin.post(f"{URL}/drop", json={"ids": ["3"]}).json() == {"done": 1, "left": 0}
    assert (morgue.back(), morgue.numbers()) == (["s1", "s2"], [4])
    assert admin.post(f"{URL}/drop", json={"ids": ["4", "9"]}).status_code == 404
    assert morgue.numbers() == [4]


def test_all_that_match_are_handed_back_and_no_others(acme: Any, other: Any, admin: Any, morgue: Morgue) -> None:
    for plugin in ("tiny", "tiny", "sentry", "tiny"):
        morgue.lay(acme.project.id, plugin)
    morgue.lay(other.project.id, "tiny")
    wanted = {"match": {"plugin": "tiny", "until": 3}}
    assert admin.post(f"{URL}/retry", json=wanted | {"limit": 1}).json() == {"done": 1, "left": 1}
    assert admin.post(f"{URL}/retry", json=wanted).json() == {"done": 1, "left": 0}
    assert morgue.back() == ["s1", "s2"]
    assert admin.post(f"{URL}/drop", json={"match": {}}).json() == {"done": 2, "left": 0}
    assert morgue.numbers() == [5]


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": ["1"], "match": {}}, {"match": {"colour": "red"}}])
def test_nothing_is_done_to_all_by_accident(acme: Any, admin: Any, morgue: Morgue, body: Any) -> None:
    morgue.lay(acme.project.id)
    assert admin.post(f"{URL}/drop", json=body).status_code == 400
    assert morgue.numbers() == [1]


def test_consumers_tell_how_far_they_are_and_are_resumed(superuser: Any, morgue: Morgue) -> None:
    morgue.lay()
    morgue.pause()
    [digest] = superuser.get("/api/v1/consumers").json()["items"]
    assert (digest["name"], digest["waiting"], digest["in_hand"], digest["dead"]) == ("digest", 0, 0, 1)
    assert (digest["lag_seconds"], digest["since"]) == (0.0, None)
    assert digest["pause"] == {"since": "2023-11-14T22:13:20.000000Z", "reason": "12 of 20 were dead-lettered"}
    assert superuser.post("/api/v1/consumers/digest/resume").status_code == 204
    assert superuser.get("/api/v1/consumers").json()["items"][0]["pause"] is None
    assert superuser.post("/api/v1/consumers/digest/resume").status_code == 404
    assert audits(superuser) == [("consumer.resume", "consumer:digest")]


def test_without_a_bus_nothing_is_known(admin: Any) -> None:
    assert admin.get(URL).status_code == 503
