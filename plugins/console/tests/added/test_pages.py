"""Pages of plugins: drawn in the console's frame, for those who may see them, and never at the cost of the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amber.errors import Reject
from amber.model import AuditEntry, Download, Fragment, Redirect, Shown, UiPage, UiRequest

Guest = Callable[..., Path]
AUDIT = AuditEntry(0, "test", "test", "", 1.0)
ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}"


def pages(show: Callable[..., Any], **given: Any) -> dict[str, Any]:
    return {"ui_pages": lambda ctx: [UiPage("report", "Weekly report", show, **given)]}


def hello(request: UiRequest, ctx: Any) -> Shown:
    return Fragment("hello")


def test_a_page_stands_in_the_frame_and_in_the_navigation(acme: Any, guest: Guest) -> None:
    guest(**pages(hello))
    answer = acme.browser().get("/pages/guest/report")
    assert answer.status_code == 200
    assert '<a href="/pages/guest/report" aria-current="page">' in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert 'href="/pages/guest/report"' in acme.browser().get("/projects").text
    assert "Weekly report" in acme.browser().get("/palette?q=weekly").text


def test_a_page_of_a_project_is_about_that_project(acme: Any, guest: Guest) -> None:
    guest(**pages(lambda request, ctx: Fragment(f"about {request.project.slug} {request.rest}"), place="project"))
    browser = acme.browser()
    assert (
        "about shop (&#x27;a&#x27;, &#x27;b c&#x27;)" in browser.get("/projects/shop/pages/guest/report/a/b%20c").text
    )
    assert '/projects/shop/pages/guest/report"' in browser.get("/projects/shop").text
    assert browser.get("/pages/guest/report").status_code == 404


def test_whatever_a_page_is_given_is_shown_as_text(acme: Any, guest: Guest) -> None:
    folder = guest(**pages(lambda request, ctx: ctx.render("a.html", text=ATTACK, piece=Fragment(ATTACK))))
    (folder / "templates").mkdir()
    (folder / "templates" / "a.html").write_text('<p title="{{ text }}">{{ text }}{{ piece }}</p>')
    text = acme.browser().get("/pages/guest/report").text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "49" not in text.partition('class="added"')[2].partition("</main>")[0]


def test_text_that_no_template_made_is_never_html(acme: Any, guest: Guest) -> None:
    guest(**pages(lambda request, ctx: Fragment(ATTACK)))
    assert "<script>alert" not in acme.browser().get("/pages/guest/report").text


def test_the_title_of_a_page_is_text_as_well(acme: Any, guest: Guest) -> None:
    guest(ui_pages=lambda ctx: [UiPage("report", ATTACK, hello, icon=ATTACK)])
    assert "<script>alert" not in acme.browser().get("/pages/guest/report").text


@pytest.mark.parametrize("place", ["organisation", "project"])
def test_what_is_not_ones_own_does_not_exist(acme: Any, other: Any, guest: Guest, place: str) -> None:
    guest(**pages(hello, place=place))
    other.directory.add_project(other.organisation.id, "theirs", "Theirs", "python", AUDIT)
    assert acme.browser().get("/projects/theirs/pages/guest/report").status_code == 404
    assert acme.browser().get("/pages/guest/nothing").status_code == 404
    assert acme.browser().get("/pages/nobody/report").status_code == 404


def test_nobody_sees_a_page_beyond_their_rights(acme: Any, staff: Any, stranger: Any, guest: Guest) -> None:
    guest(**pages(hello, action="admin", place="installation"))
    assert staff["superuser"].get("/pages/guest/report").status_code == 200
    assert staff["owner"].get("/pages/guest/report").status_code == 403
    assert "/pages/guest" not in staff["owner"].get("/projects").text
    assert stranger.get("/pages/guest/report", follow_redirects=False).headers["location"].startswith("/login")


def test_a_form_is_taken_from_those_who_may_send_it(acme: Any, staff: Any, send: Any, guest: Guest) -> None:
    def show(request: UiRequest, ctx: Any) -> Shown:
        return Fragment("look") if request.form is None else Fragment(f"got {request.value('word')}")

    guest(**pages(show, change="org:admin"))
    assert "got sesame" in send(staff["admin"], "/pages/guest/report", word=" sesame ").text
    assert send(staff["member"], "/pages/guest/report", word="sesame").status_code == 403


def test_a_page_without_a_right_to_change_takes_no_form(acme: Any, send: Any, guest: Guest) -> None:
    guest(**pages(hello))
    assert send(acme.browser(), "/pages/guest/report").status_code == 405


def test_a_form_sent_by_another_site_is_refused(acme: Any, guest: Guest) -> None:
    guest(**pages(hello, change="project:read"))
    answer = acme.browser().post("/pages/guest/report", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "leads"), [("/issues", "/issues"), ("//evil.test", "/issues"), ("http://e", "/issues")]
)
def test_a_page_leads_nowhere_else(acme: Any, send: Any, guest: Guest, path: str, leads: str) -> None:
    guest(**pages(lambda request, ctx: Redirect(path), change="project:read"))
    assert send(acme.browser(), "/pages/guest/report").headers["location"] == leads


def test_a_file_is_saved_and_never_shown(acme: Any, guest: Guest) -> None:
    guest(**pages(lambda request, ctx: Download('../a"b.html', "text/html", b"<script>")))
    answer = acme.browser().get("/pages/guest/report")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%22b.html"
    assert answer.content == b"<script>"


async def late(request: UiRequest, ctx: Any) -> Shown:
    return Fragment("in time")


def broken(request: UiRequest, ctx: Any) -> Shown:
    raise RuntimeError("the secret of the house")


def test_a_page_may_be_asynchronous(acme: Any, guest: Guest) -> None:
    guest(**pages(late))
    assert "in time" in acme.browser().get("/pages/guest/report").text


@pytest.mark.parametrize("show", [broken, lambda request, ctx: "<b>no fragment</b>", lambda request, ctx: None])
def test_a_page_that_fails_says_so_and_spoils_nothing(acme: Any, staff: Any, guest: Guest, show: Any) -> None:
    guest(**pages(show))
    answer = staff["owner"].get("/pages/guest/report")
    assert answer.status_code == 500
    assert "Guest &amp; friends could not show this page." in answer.text
    assert "secret of the house" not in answer.text
    assert "plugin guest failed" in staff["superuser"].get("/pages/guest/report").text
    assert staff["owner"].get("/projects").status_code == 200


@pytest.mark.parametrize("html", ["<div>", "</main>", "<b><i></b></i>", "<base href='//evil.test'>", "<div/>"])
def test_html_that_would_spoil_the_page_is_not_drawn(acme: Any, guest: Guest, html: str) -> None:
    folder = guest(**pages(lambda request, ctx: ctx.render("a.html")))
    (folder / "templates").mkdir()
    (folder / "templates" / "a.html").write_text(html)
    answer = acme.browser().get("/pages/guest/report")
    assert answer.status_code == 500
    assert 'class="added"' not in answer.text


def test_a_page_can_say_that_there_is_no_such_thing(acme: Any, guest: Guest) -> None:
    def show(request: UiRequest, ctx: Any) -> Shown:
        raise Reject("There is no such report.", status=404)

    guest(**pages(show))
    assert acme.browser().get("/pages/guest/report/7").status_code == 404


@pytest.mark.parametrize(
    "answer",
    [["not a page"], [UiPage("Not A Slug", "x", hello)], [UiPage("a", "x", hello), UiPage("a", "y", hello)], None],
)
def test_pages_that_cannot_be_are_left_out(acme: Any, guest: Guest, answer: Any) -> None:
    guest(ui_pages=lambda ctx: answer)
    assert acme.browser().get("/projects").status_code == 200
    assert acme.browser().get("/pages/guest/a").status_code == 404


def test_pages_and_files_go_with_their_plugin(acme: Any, guest: Guest, leave: Callable[[], None]) -> None:
    folder = guest(**pages(hello))
    (folder / "static").mkdir()
    (folder / "static" / "a.css").write_text("a {}")
    browser = acme.browser()
    assert browser.get("/static/plugins/guest/a.css").text == "a {}"
    leave()
    assert browser.get("/pages/guest/report").status_code == 404
    assert browser.get("/static/plugins/guest/a.css").status_code == 404
    assert "/pages/guest" not in browser.get("/projects").text
