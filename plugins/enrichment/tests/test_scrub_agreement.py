"""The fast way (one pass over bytes, then the places found) does just what looking everywhere does."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amber.model import Additions, Body, Event, Json
from amber_enrichment.scrub.events import scrub_event, walk_event
from amber_enrichment.scrub.rules import Rules
from amber_enrichment.scrub.walk import Everything

SECRET = "Zq7hunter2Xw"
KEYS = st.sampled_from(
    [
        "password",
        "apiKey",
        "api",
        "key",
        "auth",
        "author",
        "token",
        "tokens",
        "token_count",
        "name",
        "value",
        "session",
        "sid",
        "user",
        "cookies",
        "cookie",
        "headers",
        "request",
        "values",
        "frames",
        "stacktrace",
        "exception",
        "vars",
        "context_line",
        "filename",
        "modules",
        "extra",
        "tags",
        "contexts",
        "os",
        "version",
        "data",
        "X-Api-Key",
        "secret_",
        "pass",
        "db",
        "Ключ",
        "toKen",
        "trace_id",
        "span_id",
        "private",
        "_meta",
        "val",
    ]
) | st.text(max_size=6)
SNIPPETS = st.sampled_from(
    [
        SECRET,
        "password",
        "token=",
        "=",
        ": ",
        '"',
        "'",
        "\\",
        "\n",
        "\t",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&",
        " ",
        "-",
        "--auth",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "://u:p@h",
        "4111 1111 1111 1111",
        "4111111111111111",
        "DE89370400440532013000",
        "123-45-6789",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "\\u0070assword",
        "\\x74oken",
        "é",
        "\u2028",
        "api",
        "Key",
        "key",
        "_",
        "2",
        "a@b.example",
        "203.0.113.7",
        "2001:db8::1",
        "12:34:56",
        "AKIAIOSFODNN7EXAMPLE",
        "sess",
        "ion",
        "auth",
        "\x0b",
        "\x00",
        "%3D",
        "None",
        "badge",
        "sk-",
        "author",
        "eyJhbGciOi.eyJzdWIiOi.c2ln",
    ]
)
TEXTS = st.lists(SNIPPETS, max_size=8).map("".join) | st.text(max_size=8)
NUMBERS = st.sampled_from([4111111111111111, 4111111111111112, 378282246310005, 7, 0.5, 4111111111111111.0])
LEAVES = TEXTS | NUMBERS | st.none() | st.booleans()
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(KEYS | TEXTS, inner, max_size=4),
        st.lists(st.tuples(KEYS, inner).map(list)),
    ),
    max_leaves=12,
)
PACKED = TREES | TREES.map(json.dumps) | TREES.map(lambda tree: json.dumps(json.dumps(tree)))
DATA = st.dictionaries(KEYS, PACKED, max_size=6)
RULES = st.builds(
    Rules,
    defaults=st.booleans(),
    emails=st.booleans(),
    ips=st.booleans(),
    words=st.lists(st.sampled_from(["badge", "api_key", "Ключ", "x.y", "12", '"', "\\"]), max_size=2).map(tuple),
    excluded=st.frozensets(st.sampled_from(["token", "auth"]), max_size=1),
)


def event_of(data: Mapping[str, Any], additions: dict[str, Additions] | None = None) -> Event:
    return Event("0" * 32, 1, "error", 1.0, 1.0, data, additions=additions or {})


@settings(deadline=None)
@given(DATA, RULES)
@example({"api": {"modules": [4111111111111111]}}, Rules())  # the event's own modules are left alone, no others
@example({"key": {"modules": [4111111111111111]}}, Rules())
def test_the_fast_way_and_the_plain_way_agree(data: dict[str, Any], rules: Rules) -> None:
    event = event_of(data)

    assert scrub_event(event, rules) == walk_event(event, rules, Everything())


@settings(deadline=None)
@given(st.lists(SNIPPETS, max_size=12).map("".join), RULES)
def test_they_agree_on_texts_made_to_confuse(text: str, rules: Rules) -> None:
    event = event_of({"message": text, "extra": {text: text}})

    assert scrub_event(event, rules) == walk_event(event, rules, Everything())


KEPT = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("exception", "breadcrumbs", "threads", "stacktrace", "modules", "api"), PACKED)
)


@settings(deadline=None)
@given(DATA, KEPT, RULES)
def test_fields_that_stayed_bytes_are_scrubbed_as_any_other(
    data: dict[str, Any], kept: dict[str, Any], rules: Rules
) -> None:
    as_bytes = {name: Json(msgspec.json.encode(value)) for name, value in kept.items()}
    plain = {name: msgspec.json.decode(field) for name, field in as_bytes.items()}

    answer = scrub_event(event_of(Body({**data, **as_bytes})), rules)

    assert answer.data == scrub_event(event_of({**data, **plain}), rules).data


def planted(key: str, shape: int, before: str) -> Any:
    """A secret as programs leak it: under a key, in a text, in JSON inside of JSON, in pairs …"""
    return [
        {key: SECRET},
        {key: {"deep": [SECRET]}},
        f"{before} {key}={SECRET}",
        f'{before} "{key}": "{SECRET}"',
        json.dumps({key: SECRET, before: 1}),
        json.dumps({"inner": json.dumps({key: [SECRET]})}),
        json.dumps({"inner": json.dumps({key: SECRET})}).replace(key[0], f"\\u00{ord(key[0]):02x}"),
        f"{before} {{'{key}': b'{SECRET}'}}",
        [[key, SECRET]],
        {"name": key, "value": SECRET},
        [f"--{key}", SECRET],
        f"https://host/?a=1&{key}={SECRET}#x",
        f"{before} postgres://user:{SECRET}@host/db",
        f"{before} Bearer {SECRET}",
    ][shape]


SECRET_KEYS = st.sampled_from(
    ["password", "apiKey", "client_secret", "X-Auth-Token", "DB_PASSWORD2", "csrfmiddlewaretoken"]
)


@settings(deadline=None)
@given(SECRET_KEYS, st.integers(0, 13), st.sampled_from(["", "é", "login failed:", "x\n", '"a"']), DATA, KEYS)
def test_no_planted_secret_survives(key: str, shape: int, before: str, around: dict[str, Any], place: str) -> None:
    around = {name: tree for name, tree in around.items() if SECRET not in json.dumps(tree)}
    hidden = planted(key, shape, before)
    event = event_of({**around, "extra": {"here": hidden}, "breadcrumbs": {"values": [{"data": hidden}]}})

    answer = scrub_event(event, Rules())

    assert SECRET not in json.dumps(answer.data)


@settings(deadline=None)
@given(DATA)
@example({"": "-----BEGIN PRIVATE KEY-----token=-----END PRIVATE KEY-----"})
@example({"password": [], "": '{"password": "", "\\\\u0070assword=\\n": [null]}'})
def test_scrubbing_twice_changes_nothing_more(data: dict[str, Any]) -> None:
    once = scrub_event(event_of(data), Rules())

    assert scrub_event(once, Rules()).data == once.data


@settings(deadline=None)
@given(DATA)
@example({"api": ["", f"{SECRET}-----BEGIN PRIVATE KEY-----", SECRET]})
def test_what_plugins_add_is_found_as_well(tree: dict[str, Any]) -> None:
    event = event_of({}, {"geo": Additions(contexts={"c": tree})})

    assert scrub_event(event, Rules()) == walk_event(event, Rules(), Everything())
