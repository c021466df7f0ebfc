"""What leaves the scrubber, event by event."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from amber.model import Additions, Event, Project
from amber_enrichment.scrub import scrub_events

CARD = "4111 1111 1111 1111"


def event(additions: Mapping[str, Additions] | None = None, **data: Any) -> Event:
    return Event("0" * 32, 1, "error", 1.0, 1.0, data, additions=additions or {})


def scrub(event: Event, **settings: object) -> Event:
    [answer] = scrub_events([event], Project(1, 1, "shop", "Shop", "python", 0.0, settings))
    return answer


def scrubbed(**data: Any) -> Mapping[str, Any]:
    return scrub(event(**data)).data


def test_an_event_without_secrets_is_answered_as_the_same_object() -> None:
    clean = event(message="hello", extra={"author": "Ann", "tokens_used": 12, "max_tokens": "512"})

    assert scrub(clean) is clean


def test_the_event_that_came_is_never_changed() -> None:
    came = event(extra={"deep": [{"password": "hunter2"}]}, _meta={"extra": {"": {"len": 3}}})
    before = msgspec.json.encode(came)

    scrub(came)

    assert msgspec.json.encode(came) == before


def test_unchanged_parts_are_shared_not_copied() -> None:
    contexts = {"os": {"name": "Linux"}}

    assert scrubbed(contexts=contexts, extra={"password": "hunter2"})["contexts"] is contexts


@pytest.mark.parametrize("value", ["hunter2", 1234, 12.5, {"a": "b"}, ["x"]])
def test_whatever_stands_under_a_secret_key_is_hidden(value: object) -> None:
    assert scrubbed(extra={"password": value})["extra"] == {"password": "[Filtered]"}


@pytest.mark.parametrize("value", [None, True, "", "None", {}, "[Filtered]"])
def test_nothing_is_hidden_where_nothing_is(value: object) -> None:
    came = event(extra={"password": value})

    assert scrub(came) is came


def test_headers_lose_what_authenticates_and_keep_the_rest() -> None:
    headers = [["Authorization", "Basic x"], ["X-Api-Key", "k1"], ["Set-Cookie", "a=b"], ["Accept", "*/*"]]

    assert scrubbed(request={"headers": headers})["request"]["headers"] == [
        ["Authorization", "[Filtered]"],
        ["X-Api-Key", "[Filtered]"],
        ["Set-Cookie", "[Filtered]"],
        ["Accept", "*/*"],
    ]


def test_the_user_agent_header_is_left_alone() -> None:
    came = event(request={"headers": [["User-Agent", f"Bot token=abc {CARD}"]]})

    assert scrub(came) is came


def test_session_cookies_go_and_others_stay() -> None:
    cookies = [["sessionid", "s1"], ["csrftoken", "c1"], ["connect.sid", "s2"], ["theme", "dark"]]

    answer = scrubbed(request={"cookies": cookies})["request"]["cookies"]

    assert [value for _, value in answer] == ["[Filtered]"] * 3 + ["dark"]


def test_cookies_given_as_an_object_are_scrubbed_by_name() -> None:
    answer = scrubbed(request={"cookies": {"PHPSESSID": "s1", "theme": "dark"}})

    assert answer["request"]["cookies"] == {"PHPSESSID": "[Filtered]", "theme": "dark"}


def test_query_strings_and_form_data_lose_their_secrets() -> None:
    request = {
        "url": "https://ann:pw1@shop.example/x?token=t1&page=2",
        "query_string": [["access_token", "t1"], ["page", "2"]],
        "data": "user=ann&password=hunter2&next=%2F",
    }

    assert scrubbed(request=request)["request"] == {
        "url": "https://ann:[Filtered]@shop.example/x?token=[Filtered]&page=2",
        "query_string": [["access_token", "[Filtered]"], ["page", "2"]],
        "data": "user=ann&password=[Filtered]&next=%2F",
    }


def test_texts_are_scrubbed_wherever_people_read_them() -> None:
    text, clean = f"login password=hunter2 card {CARD}", "login password=[Filtered] card [creditcard]"
    answer = scrubbed(
        logentry={"message": text, "formatted": text, "params": [text]},
        exception={"values": [{"type": "E", "value": text}]},
        breadcrumbs={"values": [{"message": text, "data": {"note": text}}]},
        contexts={"feedback": {"message": text}},
        tags=[["note", text], ["auth_token", "t1"]],
        csp={"document_uri": "https://x.example/?api_key=k1"},
        transaction=text,
    )

    assert answer["logentry"] == {"message": clean, "formatted": clean, "params": [clean]}
    assert answer["exception"]["values"][0]["value"] == clean
    assert answer["breadcrumbs"]["values"][0] == {"message": clean, "data": {"note": clean}}
    assert answer["contexts"]["feedback"]["message"] == clean
    assert answer["tags"] == [["note", clean], ["auth_token", "[Filtered]"]]
    assert answer["csp"]["document_uri"] == "https://x.example/?api_key=[Filtered]"
    assert answer["transaction"] == clean


def test_frames_keep_their_names_and_lose_literals_and_variables() -> None:
    frame = {
        "filename": "password=x.py",
        "abs_path": "/srv/token=y/z.py",
        "function": "password=f",
        "module": "auth.token=g",
        "pre_context": ["password = get_password(user)", "token: str = 'abc'"],
        "context_line": 'login(user, password="hunter2")',
        "vars": {"password": "'hunter2'", "user": "'ann'"},
    }
    answer = scrubbed(exception={"values": [{"stacktrace": {"frames": [frame]}}]})

    assert answer["exception"]["values"][0]["stacktrace"]["frames"][0] == {
        **frame,
        "pre_context": ["password = get_password(user)", "token: str = '[Filtered]'"],
        "context_line": 'login(user, password="[Filtered]")',
        "vars": {"password": "[Filtered]", "user": "'ann'"},
    }


def test_an_object_that_only_looks_like_a_frame_is_scrubbed_in_full() -> None:
    answer = scrubbed(extra={"frames": [{"filename": "password=hunter2"}]})

    assert answer["extra"]["frames"][0]["filename"] == "password=[Filtered]"


def test_debug_images_and_ids_are_left_alone() -> None:
    came = event(
        event_id="4111111111111111" * 2,
        debug_meta={"images": [{"code_file": "password=x"}]},
        contexts={"trace": {"span_id": "4111111111111111"}},
    )

    assert scrub(came) is came


def test_card_numbers_are_found_as_numbers_too() -> None:
    assert scrubbed(extra={"n": [4111111111111111, 4111111111111112]})["extra"] == {
        "n": ["[creditcard]", 4111111111111112]
    }


def test_values_named_beside_them_are_hidden() -> None:
    answer = scrubbed(extra={"fields": [{"name": "password", "value": "x1"}, {"name": "size", "value": "x2"}]})

    assert [field["value"] for field in answer["extra"]["fields"]] == ["[Filtered]", "x2"]


def test_a_key_split_over_two_levels_is_understood() -> None:
    assert scrubbed(extra={"api": {"key": "k1", "url": "u"}})["extra"] == {"api": {"key": "[Filtered]", "url": "u"}}


def test_options_of_a_command_line_are_hidden() -> None:
    assert scrubbed(extra={"argv": ["run", "--password", "hunter2", "-v"]})["extra"] == {
        "argv": ["run", "--password", "[Filtered]", "-v"]
    }


def test_a_private_key_over_several_lines_is_hidden_to_its_end() -> None:
    lines = ["-----BEGIN PRIVATE KEY-----", "MIIE", "vQIB", "-----END PRIVATE KEY-----", "x = 1"]

    assert scrubbed(extra={"lines": lines})["extra"]["lines"] == [
        lines[0],
        "[Filtered]",
        "[Filtered]",
        lines[3],
        "x = 1",
    ]


def test_secrets_in_the_keys_of_an_object_are_replaced() -> None:
    assert list(scrubbed(extra={"seen": {CARD: 1}})["extra"]["seen"]) == ["[creditcard]"]


def test_a_key_whose_name_only_unescaping_shows_is_judged_by_that_name() -> None:
    assert "hunter2" not in str(scrubbed(extra={"seen": {r"\u0070assword=x1": ["hunter2"]}}))


def test_what_plugins_added_is_scrubbed_too() -> None:
    added = Additions(tags={"api_key": "k1"}, contexts={"c": {"note": "token=t1"}}, links=(("l", "https://u:p@h/"),))

    answer = scrub(event({"geo": added})).additions["geo"]

    assert answer == Additions(
        tags={"api_key": "[Filtered]"},
        contexts={"c": {"note": "token=[Filtered]"}},
        links=(("l", "https://u:[Filtered]@h/"),),
    )


def test_every_replacement_is_noted_with_its_rule_and_place() -> None:
    answer = scrubbed(
        tags=[["a", "b"], ["token", "t1"]],
        extra={"note": "my token=t1"},
        _meta={"extra": {"note": {"": {"rem": [["!limit", "s", 1, 2]]}}}},
    )

    assert answer["_meta"] == {
        "tags": {"1": {"1": {"": {"rem": [["@password", "s"]]}}}},
        "extra": {"note": {"": {"rem": [["!limit", "s", 1, 2], ["@password", "s", 9, 19]]}}},
    }


def test_original_values_kept_in_meta_are_scrubbed() -> None:
    meta = {"extra": {"password": {"": {"val": "hunter2"}}, "x": {"": {"val": "token=t1", "err": ["invalid_data"]}}}}

    answer = scrubbed(extra={"password": None}, _meta=meta)["_meta"]

    assert answer["extra"]["password"][""]["val"] == "[Filtered]"
    assert answer["extra"]["x"][""] == {"val": "token=[Filtered]", "err": ["invalid_data"]}


def test_addresses_go_only_when_the_project_asks() -> None:
    came = event(
        user={"id": "5", "ip_address": "203.0.113.7"},
        request={"env": {"REMOTE_ADDR": "203.0.113.7", "A": "b"}, "headers": [["X-Forwarded-For", "2001:db8::1"]]},
        message="from 203.0.113.7, at 12:34:56",
        tags=[["browser", "Chrome 120.0.0.0"]],
    )

    assert scrub(came) is came
    answer = scrub(came, scrub_ip_addresses=True).data
    assert answer["user"] == {"id": "5"}
    assert answer["request"] == {"env": {"A": "b"}, "headers": [["X-Forwarded-For", "[ip]"]]}
    assert answer["message"] == "from [ip], at 12:34:56"
    assert answer["tags"] == [["browser", "Chrome 120.0.0.0"]]
    assert answer["_meta"]["user"]["ip_address"] == {"": {"rem": [["@ip", "x"]]}}


def test_email_addresses_go_only_when_the_project_asks() -> None:
    came = event(user={"email": "ann@shop.example"})

    assert scrub(came) is came
    assert scrub(came, scrub_emails=True).data["user"] == {"email": "[email]"}


def test_a_projects_own_words_are_secret_in_keys_and_texts() -> None:
    came = event(extra={"patientName": "Ann", "note": "patient_name=Ann", "пароль": "x", "name": "shop"})

    answer = scrub(came, sensitive_fields=["patient_name", "пароль"]).data["extra"]

    assert answer == {
        "patientName": "[Filtered]",
        "note": "patient_name=[Filtered]",
        "пароль": "[Filtered]",
        "name": "shop",
    }


def test_excluded_keys_are_left_alone() -> None:
    came = event(extra={"Token": "t1", "note": "token=t1"}, request={"headers": [["token", "t1"]]})

    assert scrub(came, exclude_fields=["token"]) is came


def test_without_the_defaults_only_the_projects_words_count() -> None:
    came = event(extra={"password": "hunter2", "badge": "b1", "n": CARD})

    answer = scrub(came, scrub_defaults=False, sensitive_fields=["badge"]).data["extra"]

    assert answer == {"password": "hunter2", "badge": "[Filtered]", "n": CARD}


@pytest.mark.parametrize(
    "settings",
    [
        {"scrub_defaults": "no"},
        {"scrub_defaults": False, "exclude_fields": ["password"], "sensitive_fields": [5]},
        {"exclude_fields": "password"},
        {"exclude_fields": ["password", 7]},
        {"exclude_fields": ["password"], "scrub_emails": "maybe"},
    ],
)
def test_settings_that_make_no_sense_never_weaken_anything(settings: dict[str, object]) -> None:
    assert scrub(event(extra={"password": "hunter2"}), **settings).data["extra"] == {"password": "[Filtered]"}


def test_lone_surrogates_and_enormous_numbers_take_the_slow_way() -> None:
    assert scrubbed(extra={"a\ud800": "token=t1", "n": 10**30})["extra"] == {"a\ud800": "token=[Filtered]", "n": 10**30}


def test_hostile_lengths_take_linear_time() -> None:
    texts = [
        "password=" * 20_000,
        "://:" * 40_000,
        "\\" * 100_000 + '"',
        "token: [" * 9_000,
        "a," * 50_000,
        "4" * 100_000,
    ]

    assert scrubbed(extra={"texts": texts})["extra"]["texts"][1] == texts[1]


def test_rules_that_fail_stop_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str) -> bool:
        raise RuntimeError("broken rule")

    monkeypatch.setattr("amber_enrichment.scrub.shapes.is_card", fail)

    with pytest.raises(RuntimeError, match="broken rule"):
        scrub(event(message=CARD))


def test_what_the_normaliser_noted_without_a_value_stays() -> None:
    meta = {"tags": {"": {"len": 3}}, "odd": 1}

    assert scrubbed(extra={"password": "x1"}, _meta=meta)["_meta"] == {
        **meta,
        "extra": {"password": {"": {"rem": [["@password", "s"]]}}},
    }


def test_a_text_with_hidden_quotes_is_understood() -> None:
    assert "hunter2" not in str(scrubbed(message=r"{\u0022password\u0022:\u0022hunter2\u0022} token=t1"))


def test_secrets_in_source_survive_in_no_literal() -> None:
    lines = ["api_key = f'abc'", 'headers = {"Authorization": "Basic x y"}', "url = 'postgres://u:p9@h'"]
    frame = {"pre_context": lines, "context_line": "x = 1"}
    answer = scrubbed(stacktrace={"frames": [frame]})["stacktrace"]["frames"][0]

    assert answer["pre_context"] == [
        "api_key = f'[Filtered]'",
        'headers = {"Authorization": "[Filtered]"}',
        "url = 'postgres://u:[Filtered]@h'",
    ]
