"""What is made of forms, and of what was refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from amber.errors import Reject
from amber.model import free_slug
from amber_console.home.settings.forms import Form, problems_of, refuse
from amber_console.home.settings.labels import label_of, words_of
from amber_console.home.settings.project_settings import SETTINGS, read, typed


@pytest.mark.parametrize(
    ("refusal", "problems"),
    [
        (None, {}),
        (Reject("no", causes=("name: is missing", "setting-url: must be long!")), None),
        (Reject("nobody answers"), {"": "Nobody answers."}),
        (Reject("no", causes=("two words: no field",)), {"": "Two words: no field."}),
        (Reject("no", causes=("name: first", "name: second")), {"name": "First."}),
    ],
)
def test_refusals_become_sentences_beside_their_fields(refusal: Reject | None, problems: dict[str, str] | None) -> None:
    expected = {"name": "Is missing.", "setting-url": "Must be long!"} if problems is None else problems
    assert problems_of(refusal) == expected


def test_only_faults_are_refused() -> None:
    refuse({"name": ""})
    with pytest.raises(Reject) as refusal:
        refuse({"name": "", "email": "is missing"})
    assert refusal.value.causes == ("email: is missing",)


def test_a_form_gives_the_last_value_and_every_value() -> None:
    form = Form({"kinds": ("a", " b ")})
    assert (form.text("kinds"), form.every("kinds"), form.text("none"), form.every("none")) == (
        "b",
        ("a", " b "),
        "",
        (),
    )


WORDS = some.lists(some.from_regex(r"[a-z]{1,10}", fullmatch=True), min_size=1, max_size=5)
KEPT = some.fixed_dictionaries(
    {},
    optional={
        "scrub_defaults": some.just(False),
        "scrub_emails": some.just(True),
        "retention_days": some.integers(0, 36_500),
        "retention_events": some.integers(0, 10**9),
        "allowed_domains": WORDS,
        "sensitive_fields": WORDS,
    },
)


@given(KEPT)
def test_settings_that_are_shown_and_sent_back_stay_as_they_are(kept: dict[str, object]) -> None:
    form = Form({name: (value,) for name, value in typed(kept).items()})
    assert {name: value for name, value in read(form).items() if value is not None} == kept


def test_a_setting_nobody_understands_is_shown_as_the_stricter_wish() -> None:
    assert typed({"scrub_emails": "maybe"})["scrub_emails"] == "on"
    assert set(typed({})) == {one.name for one in SETTINGS}


@given(some.text(max_size=200), some.sets(some.from_regex(r"[a-z0-9]{1,8}(-[0-9])?", fullmatch=True)))
def test_slugs_are_free_and_read_like_words(name: str, taken: set[str]) -> None:
    slug = free_slug(name, taken, "project")
    assert slug not in taken
    assert len(slug) <= 50 + len("project-")
    assert re.fullmatch(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*", slug)


@pytest.mark.parametrize(
    ("name", "label", "words"),
    [
        ("tls", "TLS", "TLS"),
        ("smtp_password", "SMTP password", "SMTP password"),
        ("api_url", "API URL", "API URL"),
        ("host", "Host", "host"),
        ("allowed_ips", "Allowed IPs", "allowed IPs"),
        ("client_ids", "Client IDs", "client IDs"),
        ("idle", "Idle", "idle"),
    ],
)
def test_initialisms_are_written_as_people_write_them(name: str, label: str, words: str) -> None:
    assert (label_of(name), words_of(name)) == (label, words)
