"""Making projects, changing their settings, and their keys."""

import time
from html import unescape
from typing import Any

import pytest

from amber.model import AuditEntry

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
FORM = {"name": "Shop", "platform": "python", "scrub_defaults": "on"}


def test_a_new_project_has_a_key_and_leads_to_its_start_page(acme: Any, send: Any) -> None:
    answer = send(acme.browser(), "/projects", name="Web Shop", platform="javascript")
    assert (answer.status_code, answer.headers["location"]) == (303, "/projects/web-shop/start")
    made = acme.directory.projects(acme.organisation.id)[-1]
    assert (made.name, made.slug, made.platform) == ("Web Shop", "web-shop", "javascript")
    assert len(acme.directory.keys(made.id)) == 1


@pytest.mark.parametrize(
    ("name", "slug"), [("Shop", "shop-2"), ("New", "new-2"), ("42", "project-42"), ("Ünïcode!", "unicode")]
)
def test_a_project_gets_an_address_of_its_own(acme: Any, send: Any, name: str, slug: str) -> None:
    assert send(acme.browser(), "/projects", name=name, platform="go").headers["location"] == f"/projects/{slug}/start"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "", "platform": "python"}, "Is missing."),
        ({"name": " \t ", "platform": "python"}, "Is missing."),
        ({"name": "x" * 101, "platform": "python"}, "longer than 100"),
        ({"name": "Kept as typed", "platform": "No Such!"}, "no platform"),
        ({}, "Is missing."),
    ],
)
def test_a_project_that_cannot_be_made_says_why_and_keeps_what_was_typed(
    acme: Any, send: Any, form: dict[str, str], said: str
) -> None:
    answer = send(acme.browser(), "/projects", **form)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert f'value="{form.get("name", "").strip()}"' in answer.text
    assert len(acme.directory.projects(acme.organisation.id)) == 1


def test_the_list_counts_open_issues_and_the_events_of_a_day(acme: Any) -> None:
    now = time.time()
    acme.happened(1, "Error: a", at=now)
    acme.happened(2, "Error: b", at=now - 3600)
    acme.happened(3, "Error: b", at=now - 30 * 3600)
    text = acme.browser().get("/projects").text
    assert '<a href="/issues?project=shop">2<' in text
    assert '<span class="num">2<span class="phone-only"> events in 24 h' in text


def test_without_projects_the_page_says_how_to_get_one(acme: Any, send: Any) -> None:
    browser = acme.browser(acme.joined("sue", "owner", is_superuser=True).user)
    send(browser, "/organisations", other="Empty")
    empty = acme.directory.organisations()[-1]
    send(browser, "/session/organisation", organisation=str(empty.id))
    assert "Make the first project" in browser.get("/projects").text


def settings(acme: Any) -> Any:
    return acme.directory.project("shop", acme.organisation.id).settings


def test_settings_are_kept_as_plugins_read_them_and_shown_again(acme: Any, send: Any) -> None:
    browser = acme.browser()
    answer = send(
        browser,
        "/projects/shop",
        **FORM,
        allowed_domains="shop.test\r\n\r\n *.shop.test:8080 ",
        retention_days="30",
        retention_events="0",
        scrub_ip_addresses="on",
        sensitive_fields="iban",
    )
    assert answer.headers["location"] == "/projects/shop?done=saved"
    assert settings(acme) == {
        "allowed_domains": ["shop.test", "*.shop.test:8080"],
        "retention_days": 30,
        "retention_events": 0,
        "scrub_ip_addresses": True,
        "sensitive_fields": ["iban"],
    }
    page = unescape(browser.get("/projects/shop?done=saved").text)
    assert "shop.test\n*.shop.test:8080</textarea>" in page
    assert 'name="scrub_ip_addresses" value="on" checked' in page
    assert "Saved." in page


def test_a_setting_taken_back_is_as_if_it_had_never_been_said(acme: Any, send: Any) -> None:
    browser = acme.browser()
    send(browser, "/projects/shop", name="Shop", platform="python", allowed_domains="*")
    assert settings(acme) == {"scrub_defaults": False, "allowed_domains": ["*"]}
    send(browser, "/projects/shop", **FORM)
    assert settings(acme) == {}


def test_saving_what_is_there_already_changes_nothing(acme: Any, send: Any) -> None:
    before = acme.directory.audit_log(acme.organisation.id).items
    send(acme.browser(), "/projects/shop", **FORM)
    after = acme.directory.audit_log(acme.organisation.id).items
    assert [one.action for one in after if one not in before and one.action != "test"] == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Is missing."),
        ("allowed_domains", "shop.test\nnot a domain", "Does not take “not a domain”."),
        ("allowed_domains", "\n".join(f"a{number}.test" for number in range(201)), "more than 200 lines"),
        ("sensitive_fields", "x" * 201, "Does not take"),
        ("retention_days", "36501", "Is more than 36,500."),
        ("retention_days", "1.5", "no whole number"),
        ("retention_events", "all", "no whole number"),
    ],
)
def test_a_setting_no_plugin_could_read_is_refused_beside_its_field(
    acme: Any, send: Any, field: str, value: str, said: str
) -> None:
    answer = send(acme.browser(), "/projects/shop", **FORM | {field: value})
    page = unescape(answer.text)
    assert answer.status_code == 400
    assert said in page
    assert f'aria-describedby="about-{field}" aria-invalid="true"' in page
    assert value.splitlines()[0] in page if value else True
    assert settings(acme) == {}


def test_another_key_is_made_and_a_key_is_switched_off_and_on(acme: Any, send: Any) -> None:
    browser = acme.browser()
    assert send(browser, "/projects/shop/keys", label="staging").headers["location"] == "/projects/shop?done=key#keys"
    first, second = acme.directory.keys(acme.project.id)
    assert (second.label, second.is_active) == ("staging", True)
    page = browser.get("/projects/shop").text
    assert all(f"https://{key.public_key}@amber.test/errors/{acme.project.id}" in page for key in (first, second))
    send(browser, f"/projects/shop/keys/{first.id}", active="off")
    assert not acme.directory.keys(acme.project.id)[0].is_active
    assert "off · " in browser.get("/projects/shop").text
    send(browser, f"/projects/shop/keys/{first.id}", active="on")
    assert acme.directory.keys(acme.project.id)[0].is_active


def test_a_key_needs_a_label(acme: Any, send: Any) -> None:
    answer = send(acme.browser(), "/projects/shop/keys", label=" ")
    assert answer.status_code == 400
    assert 'value="Shop"' in answer.text
    assert len(acme.directory.keys(acme.project.id)) == 1


def test_members_read_the_keys_that_work_and_no_form(acme: Any, staff: Any, send: Any) -> None:
    send(acme.browser(), "/projects/shop/keys", label="retired")
    first, retired = acme.directory.keys(acme.project.id)
    send(acme.browser(), f"/projects/shop/keys/{retired.id}", active="off")
    page = staff["member"].get("/projects/shop").text
    assert first.public_key in page
    assert retired.public_key not in page
    assert '<form method="post" action="/projects' not in page


@pytest.mark.parametrize("path", ["/projects/theirs", "/projects/theirs/notifications", "/projects/nothing"])
def test_a_project_of_others_is_not_here(acme: Any, other: Any, path: str, send: Any) -> None:
    other.directory.add_project(other.organisation.id, "theirs", "Theirs", "go", AUDIT)
    answer = acme.browser().get(path)
    assert answer.status_code == 404
    assert "Theirs" not in answer.text
    assert send(acme.browser(), "/projects/theirs", name="Mine", platform="go").status_code == 404


def test_a_key_of_another_project_is_not_here(acme: Any, other: Any, send: Any) -> None:
    theirs = other.directory.keys(other.project.id)[0]
    assert send(acme.browser(), f"/projects/shop/keys/{theirs.id}", active="off").status_code == 404
    assert other.directory.keys(other.project.id)[0].is_active


def test_changes_are_audited_with_who_and_from_where(acme: Any, send: Any) -> None:
    send(acme.browser(), "/projects/shop", **FORM | {"name": "Store"})
    entry = acme.directory.audit_log(acme.organisation.id).items[0]
    assert (entry.actor, entry.action, dict(entry.before), dict(entry.after)) == (
        f"user:{acme.owner.id}",
        "project.change",
        {"name": "Shop"},
        {"name": "Store"},
    )
    assert entry.client_ip
