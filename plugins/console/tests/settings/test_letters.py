"""Dead letters: the list, one of them, and what is done with them."""

from typing import Any

import pytest

SECRET = "4111 1111"
URL = "/dead-letters"


def audited(acme: Any) -> list[tuple[str, str]]:
    log = acme.directory.audit_log(acme.organisation.id, "", 50, "").items
    return [(one.action, one.subject) for one in log if one.action.startswith(("letter.", "consumer."))]


def test_an_empty_page_says_what_would_be_here(staff: Any, morgue: Any) -> None:
    page = staff["admin"].get(URL).text
    assert "No dead letters" in page
    assert "hand it back with one click" in page
    assert "/dead-letters/bulk" not in page


def test_letters_are_listed_with_reason_plugin_project_and_age(acme: Any, staff: Any, morgue: Any) -> None:
    morgue.lay(acme.project.id, "tiny", "ValueError: <b>no</b>")
    page = staff["admin"].get(URL).text
    assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in page
    assert "tiny · error from an SDK · Shop" in page
    assert "<b>1</b> original could" in page
    assert '<time datetime="' in page
    assert SECRET not in page


def test_letters_are_chosen_by_words_plugin_and_project(acme: Any, staff: Any, morgue: Any) -> None:
    morgue.lay(acme.project.id, "tiny", "out of memory")
    morgue.lay(acme.project.id, "release", "no such column")
    admin = staff["admin"]
    assert "no such column" not in admin.get(f"{URL}?text=MEMORY").text
    assert "out of memory" not in admin.get(f"{URL}?plugin=release").text
    assert "out of memory" in admin.get(f"{URL}?project=shop&text=memory").text
    for nothing in ("project=web", "text=nothing", "plugin=a.b"):
        page = admin.get(f"{URL}?{nothing}").text
        assert "None that match" in page


def test_long_lists_have_pages(acme: Any, staff: Any, morgue: Any) -> None:
    for number in range(51):
        morgue.lay(acme.project.id, "tiny", f"reason {number}.")
    first = staff["admin"].get(f"{URL}?plugin=tiny").text
    assert "reason 0." not in first
    assert f'href="{URL}?cursor=2&amp;plugin=tiny"' in first
    second = staff["admin"].get(f"{URL}?cursor=2&plugin=tiny").text
    assert "reason 0." in second
    assert "reason 1." not in second


def test_a_superuser_sees_what_is_everybodys_and_nobodys(acme: Any, other: Any, staff: Any, morgue: Any) -> None:
    morgue.lay(acme.project.id, reason="ours")
    morgue.lay(other.project.id, reason="theirs")
    morgue.lay(reason="unreadable")
    page = staff["owner"].get(URL).text
    assert ("ours" in page, "theirs" in page, "unreadable" in page) == (True, False, False)
    page = staff["superuser"].get(URL).text
    assert ("ours" in page, "theirs" in page, "unreadable" in page) == (True, True, True)
    assert [staff["owner"].get(f"{URL}/{number}").status_code for number in ("1", "2", "3", "4", "x")] == [
        200, 404, 404, 404, 404,
    ]  # fmt: skip
    assert "none, or nobody can tell" in staff["superuser"].get(f"{URL}/3").text


def test_one_letter_says_everything_but_the_original(acme: Any, staff: Any, morgue: Any) -> None:
    morgue.lay(acme.project.id, "tiny", "ValueError: no")
    page = staff["owner"].get(f"{URL}/1").text
    for words in (
        "ValueError: no",
        "after 8 tries",
        "sentry.python/2.0",
        "1".zfill(32),
        "amber.v1.item.3",
        ">Shop</a>",
    ):
        assert words in page
    assert "only whoever looks after this installation may see it" in page
    assert f"{URL}/1/original" not in page
    assert SECRET not in page
    assert f'href="{URL}/1/original#original"' in staff["superuser"].get(f"{URL}/1").text


def test_the_original_is_for_superusers_and_every_look_is_written_down(acme: Any, staff: Any, morgue: Any) -> None:
    morgue.lay(acme.project.id)
    morgue.put(b"\xff\x00", "sentry", "broken")
    assert staff["owner"].get(f"{URL}/1/original").status_code == 403
    assert audited(acme) == []
    page = staff["superuser"].get(f"{URL}/1/original").text
    assert SECRET in page
    assert audited(acme) == [("letter.open", "dead-letter:1")]
    page = staff["superuser"].get(f"{URL}/2/original").text
    assert "2 bytes are no text" in page
    assert "not a frame" in page
    log = staff["owner"].get("/audit").text
    assert "looked at the original in" in log
    assert "dead letter 1" in log


def test_a_letter_is_handed_back_or_dropped(acme: Any, staff: Any, send: Any, morgue: Any) -> None:
    morgue.lay(acme.project.id)
    morgue.lay(acme.project.id)
    answer = send(staff["admin"], f"{URL}/1/retry")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{URL}?done=handed-back")
    assert "it is on its way again" in staff["admin"].get(answer.headers["location"]).text
    assert send(staff["admin"], f"{URL}/2/drop").headers["location"] == f"{URL}?done=dropped"
    assert (morgue.back(), morgue.numbers()) == (["s1"], [])
    assert send(staff["admin"], f"{URL}/1/retry").status_code == 404
    assert audited(acme) == [("letter.drop", "dead-letter:2"), ("letter.retry", "dead-letter:1")]


def test_what_is_ticked_is_handed_back_and_the_filter_stays(acme: Any, staff: Any, send: Any, morgue: Any) -> None:
    for _ in range(3):
        morgue.lay(acme.project.id, "tiny")
    form = {"letter": ["1", "2", "x"], "deed": "retry", "plugin": "tiny", "text": ""}
    answer = send(staff["admin"], f"{URL}/bulk", **form)
    assert answer.headers["location"] == f"{URL}?plugin=tiny&done=retry&count=2&left=0"
    assert "2 letters handed back." in staff["admin"].get(answer.headers["location"]).text
    assert (morgue.back(), morgue.numbers()) == (["s1", "s2"], [3])


def test_all_that_match_are_taken_but_none_that_came_later(
    acme: Any, other: Any, staff: Any, send: Any, morgue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amber_console.home.settings.letters.AT_ONCE", 2)
    for plugin in ("tiny", "tiny", "release", "tiny", "tiny"):
        morgue.lay(acme.project.id, plugin)
    morgue.lay(other.project.id, "tiny")
    assert "One click takes 2 of them." in staff["admin"].get(f"{URL}?plugin=tiny").text
    answer = send(staff["admin"], f"{URL}/bulk", deed="drop-all", plugin="tiny", until="4")
    assert morgue.numbers() == [3, 4, 5, 6]
    assert "2 letters dropped. 1 more match: press again" in staff["admin"].get(answer.headers["location"]).text
    send(staff["admin"], f"{URL}/bulk", deed="retry-all", plugin="tiny", until="4")
    assert (morgue.back(), morgue.numbers()) == (["s4"], [3, 5, 6])
    assert "4 dead letters" not in staff["admin"].get("/audit").text
    assert "2 dead letters" in staff["admin"].get("/audit").text


@pytest.mark.parametrize(
    ("form", "said"), [({"deed": "retry"}, "Nothing was chosen"), ({"deed": "burn", "letter": "1"}, "retry or drop")]
)
def test_a_form_that_says_too_little_does_nothing(
    acme: Any, staff: Any, send: Any, morgue: Any, form: Any, said: str
) -> None:
    morgue.lay(acme.project.id)
    answer = send(staff["admin"], f"{URL}/bulk", **form)
    assert answer.status_code == 400
    assert said in answer.text
    assert morgue.numbers() == [1]


@pytest.mark.parametrize("query", ["done=retry&count=<b>&left=0", "done=burn&count=1", "done=drop&count=1&left=x"])
def test_an_address_puts_no_words_on_the_page(staff: Any, morgue: Any, query: str) -> None:
    assert 'class="said"' not in staff["admin"].get(f"{URL}?{query}").text


def test_what_stands_still_is_said_on_every_page_to_those_who_can_help(
    acme: Any, staff: Any, send: Any, morgue: Any
) -> None:
    assert "not worked through" not in staff["admin"].get("/issues").text
    morgue.pause()
    for path in ("/issues", "/plugins", URL):
        assert "Events are taken in, but not worked through" in staff["admin"].get(path).text
    assert "not worked through" not in staff["member"].get("/issues").text
    admin, superuser = staff["admin"].get("/issues").text, staff["superuser"].get("/issues").text
    assert ("12 of 20" in admin, "/consumers/digest/resume" in admin) == (False, False)
    assert ("12 of 20" in superuser, "/consumers/digest/resume" in superuser) == (True, True)
    answer = send(staff["superuser"], "/consumers/digest/resume")
    assert answer.headers["location"] == f"{URL}?done=resumed"
    assert "not worked through" not in staff["admin"].get("/issues").text
    assert audited(acme) == [("consumer.resume", "consumer:digest")]


@pytest.mark.parametrize(
    ("consumer", "words"),
    [
        ("task-webhook", "The plugin webhook delivers nothing"),
        ("plugin-alerts", "The plugin alerts hears no news"),
        ("odd", "odd stands still"),
    ],
)
def test_a_pause_says_what_it_means(staff: Any, morgue: Any, consumer: str, words: str) -> None:
    morgue.pause(consumer)
    assert words in staff["superuser"].get("/plugins").text


def test_news_and_deliveries_are_called_what_they_are(acme: Any, staff: Any, morgue: Any) -> None:
    fact = b'{"type": "issue.created", "project": %d}' % acme.project.id
    morgue.put(fact, "alerts", "no", "FACTS", "amber.v1.fact.issue.created.1")
    morgue.lay(99, reason="its project is gone")
    page = staff["superuser"].get(URL).text
    assert "news for a plugin: issue.created" in page
    assert "a project that is gone" in page
    assert "99, which is gone" in staff["superuser"].get(f"{URL}/2").text
