"""Targets: adding, changing, trying out and repeating; their secrets never come back."""

from collections.abc import Callable
from typing import Any

import pytest

from amber.model import Attempt, FormField, Target, TargetType
from amber.testing.running import Kernel

HOOK = "http://127.0.0.1:1/hook"
LIST = "/projects/shop/notifications"


def test_before_the_first_target_the_page_offers_every_kind(acme: Any) -> None:
    page = acme.browser().get(LIST).text
    assert "Nobody is told yet" in page
    assert f'href="{LIST}/new?type=webhook"' in page


def test_the_form_asks_for_what_the_plugin_needs(acme: Any) -> None:
    page = acme.browser().get(f"{LIST}/new?type=webhook").text
    assert 'name="setting-url" type="text"' in page
    assert 'name="setting-secret" type="password" value=""' in page
    assert "What messages are signed with" in page


def test_every_kind_of_field_has_its_control(
    acme: Any, kernel: Kernel, monkeypatch: pytest.MonkeyPatch, target: Target
) -> None:
    fields = (
        FormField("api", "Which", "choice", False, "", ("eu", "us")),
        FormField("channel_name", "Where", "text", True),
        FormField("is_loud", "Rings", "boolean", False, True),
        FormField("port", "Number", "number", False, 25),
        FormField("to", "Whom", "list", True, ["a@x.test", "b@x.test"]),
    )
    every = [TargetType("webhook", "Everything", "", fields)]
    monkeypatch.setattr(kernel.services.kernel["targets"], "types", lambda: every)
    page = acme.browser().get(f"{LIST}/new?type=webhook").text
    for part in (
        '<label for="field-setting-api">API</label>',
        '<option value="" selected>–</option><option value="eu">eu</option>',
        'name="setting-channel_name" type="text" value="" required',
        'name="setting-is_loud" value="on" checked',
        'name="setting-port" type="number" value="25"',
        ">\na@x.test\nb@x.test</textarea>",
    ):
        assert part in page
    assert acme.browser().get(f"{LIST}/{target.id}").status_code == 200


@pytest.mark.parametrize("kind", ["", "nothing", "sql"])
def test_a_kind_nobody_delivers_is_not_here(acme: Any, send: Any, kind: str) -> None:
    assert acme.browser().get(f"{LIST}/new?type={kind}").status_code == 404
    assert send(acme.browser(), LIST, type=kind, name="x").status_code == 404


def test_a_target_is_made_with_its_secret_sealed(acme: Any, target: Target) -> None:
    assert (target.plugin, target.name, target.kinds, target.is_enabled) == (
        "webhook",
        "Ops chat",
        ("issue.created",),
        True,
    )
    assert target.settings["url"] == HOOK
    assert "sesame" not in str(target.settings)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"setting-url": ""}, "Is missing."),
        ({"setting-url": "ftp://x"}, "Must begin with https://"),
        ({"name": ""}, "Is missing."),
        ({"kinds": ["everything"]}, "Names nothing one could hear of."),
    ],
)
def test_a_target_that_cannot_work_says_why_and_forgets_the_secret(
    acme: Any, send: Any, form: dict[str, Any], said: str
) -> None:
    filled = {"type": "webhook", "name": "Kept name", "setting-url": HOOK, "setting-secret": "sesame-opens"}
    answer = send(acme.browser(), LIST, **filled | form)
    assert answer.status_code == 400
    assert said in answer.text
    assert "sesame" not in answer.text
    assert form.get("name", "Kept name") in answer.text
    assert acme.directory.targets(acme.project.id) == ()


def test_secrets_are_on_no_page_after_they_were_typed(acme: Any, target: Target) -> None:
    browser = acme.browser()
    (sealed,) = target.settings["secret"].values()
    for path in (LIST, f"{LIST}/{target.id}", "/audit", "/projects/shop"):
        page = browser.get(path).text
        assert "sesame" not in page
        assert sealed not in page
    assert "kept; type to replace" in browser.get(f"{LIST}/{target.id}").text


def change(acme: Any, send: Any, target: Target, **form: Any) -> Any:
    filled = {"name": "Ops chat", "setting-url": HOOK, "kinds": ["issue.regressed"]}
    return send(acme.browser(), f"{LIST}/{target.id}", **filled | form)


def test_a_secret_nobody_typed_stays_and_the_rest_changes(acme: Any, send: Any, target: Target) -> None:
    assert change(acme, send, target, name="Pager").headers["location"] == f"{LIST}/{target.id}?done=saved"
    now = acme.directory.target(target.id)
    assert (now.name, now.kinds) == ("Pager", ("issue.regressed",))
    assert now.settings["secret"] == target.settings["secret"]


def test_a_secret_is_replaced_or_removed(acme: Any, send: Any, target: Target) -> None:
    change(acme, send, target, **{"setting-secret": "another"})
    replaced = acme.directory.target(target.id).settings["secret"]
    assert replaced not in ("", target.settings["secret"])
    change(acme, send, target, **{"remove-secret": "on"})
    assert acme.directory.target(target.id).settings["secret"] == ""


def test_a_change_that_cannot_work_keeps_what_was_typed(acme: Any, send: Any, target: Target) -> None:
    answer = change(acme, send, target, **{"setting-url": "nonsense", "setting-secret": "sesame-two"})
    assert answer.status_code == 400
    assert 'value="nonsense"' in answer.text
    assert "sesame" not in answer.text
    assert acme.directory.target(target.id).settings == target.settings


def test_a_target_is_switched_off_and_on_and_removed(acme: Any, send: Any, target: Target) -> None:
    browser = acme.browser()
    send(browser, f"{LIST}/{target.id}/switch", enabled="off")
    assert not acme.directory.target(target.id).is_enabled
    assert 'aria-checked="false"' in browser.get(LIST).text
    send(browser, f"{LIST}/{target.id}/switch", enabled="on")
    assert acme.directory.target(target.id).is_enabled
    assert send(browser, f"{LIST}/{target.id}/remove").headers["location"] == f"{LIST}?done=target-removed"
    assert acme.directory.targets(acme.project.id) == ()


def test_a_test_message_tells_the_truth(acme: Any, send: Any, target: Target) -> None:
    browser = acme.browser()
    answer = send(browser, f"{LIST}/{target.id}/test")
    assert answer.status_code == 303
    page = browser.get(answer.headers["location"]).text
    noted = acme.directory.attempts(target.id).items[0]
    assert (noted.outcome, noted.notification.kind) == ("failed", "test")
    assert "The test message did not arrive." in page
    assert noted.detail.partition("<")[0][:20] in page
    assert "Test failed" in browser.get(LIST).text


def test_a_test_message_that_arrived_says_so(acme: Any, target: Target, tried: Callable[..., Attempt]) -> None:
    attempt = tried("delivered", "200 OK", "test")
    page = acme.browser().get(f"{LIST}/{target.id}?tested={attempt.id}").text
    assert "<b>The test message was delivered</b> in 250 ms: 200 OK" in page


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("delivered", ["Delivered "]),
        ("failed", ["Failing", ": 500 Oops; it will be tried again"]),
        ("dead", ["Gave up after 8 tries", ": 500 Oops"]),
    ],
)
def test_the_list_says_how_the_last_delivery_went(
    acme: Any, tried: Callable[..., Attempt], outcome: str, said: list[str]
) -> None:
    tried("delivered", "earlier")
    tried(outcome, "500 Oops", number=8)
    page = acme.browser().get(LIST).text
    assert all(words in page for words in said)
    assert "earlier" not in page


def test_the_log_shows_every_try_a_page_at_a_time(acme: Any, target: Target, tried: Callable[..., Attempt]) -> None:
    for number in range(30):
        tried("delivered", f"receipt-{number}.")
    browser, path = acme.browser(), f"{LIST}/{target.id}"
    first = browser.get(path).text
    assert "receipt-29." in first
    assert "receipt-4." not in first
    assert 'href="/issues/7">SHOP-7</a> Boom' in first
    cursor = first.partition("?cursor=")[2].partition("#")[0]
    second = browser.get(f"{path}?cursor={cursor}").text
    assert "receipt-4." in second
    assert "Newest" in second


@pytest.fixture
def queued(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> list[Attempt]:
    """What was queued once more: these tests have no bus to queue it on."""
    found: list[Attempt] = []

    async def again(attempt: Attempt) -> None:
        found.append(attempt)

    monkeypatch.setattr(kernel.services.kernel["targets"], "again", again)
    return found


def test_what_was_given_up_is_sent_again(
    acme: Any, send: Any, target: Target, tried: Callable[..., Attempt], queued: list[Attempt]
) -> None:
    dead, fine = tried("dead", "410 Gone"), tried("delivered")
    page = acme.browser().get(f"{LIST}/{target.id}").text
    assert f"/deliveries/{dead.id}" in page
    assert f"/deliveries/{fine.id}" not in page
    answer = send(acme.browser(), f"{LIST}/{target.id}/deliveries/{dead.id}")
    assert answer.headers["location"] == f"{LIST}/{target.id}?done=again#log"
    assert [one.id for one in queued] == [dead.id]


@pytest.mark.parametrize("deed", ["", "/switch", "/remove", "/test", "/deliveries/1"])
def test_a_target_of_others_is_not_here(
    acme: Any, other: Any, send: Any, target: Target, tried: Callable[..., Attempt], queued: list[Attempt], deed: str
) -> None:
    tried("dead")
    browser = other.browser()
    assert browser.get(f"{LIST}/{target.id}").status_code == 404
    assert send(browser, f"{LIST}/{target.id}{deed}", name="Mine", enabled="off").status_code == 404
    assert acme.directory.target(target.id) == target
    assert queued == []


def test_a_delivery_of_another_target_is_not_here(
    acme: Any, send: Any, target: Target, tried: Callable[..., Attempt], queued: list[Attempt]
) -> None:
    dead = tried("dead", "their secret detail")
    send(acme.browser(), LIST, type="webhook", name="Second", **{"setting-url": HOOK})
    second = acme.directory.targets(acme.project.id)[1]
    assert send(acme.browser(), f"{LIST}/{second.id}/deliveries/{dead.id}").status_code == 404
    assert "their secret detail" not in acme.browser().get(f"{LIST}/{second.id}?tested={dead.id}").text
    assert queued == []


@pytest.mark.parametrize("ref", ["0", "x", "99", "9" * 40])
def test_a_target_that_never_was_is_not_here(acme: Any, ref: str) -> None:
    assert acme.browser().get(f"{LIST}/{ref}").status_code == 404


def test_a_target_whose_plugin_is_off_says_so_and_can_be_removed(
    acme: Any, send: Any, target: Target, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel.services.kernel["targets"], "types", lambda: [])
    browser = acme.browser()
    assert "Its plugin does not run" in browser.get(LIST).text
    page = browser.get(f"{LIST}/{target.id}").text
    assert "does not run, so nothing is sent here" in page
    assert "Send test message" not in page
    assert change(acme, send, target).status_code == 404
    assert send(browser, f"{LIST}/{target.id}/remove").status_code == 303


def test_without_any_kind_of_target_the_page_points_to_the_plugins(
    acme: Any, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel.services.kernel["targets"], "types", lambda: [])
    assert "No plugin that delivers is running" in acme.browser().get(LIST).text
