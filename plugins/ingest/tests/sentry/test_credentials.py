import base64
import gzip

import pytest

from amber.errors import Reject

FIELDS = "sentry_version=7, sentry_client=raven-js/3.0, sentry_secret=nothing"
UPPER = "ABCDEF0123456789ABCDEF0123456789"


def basic(text: str) -> dict:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_the_key_may_be_in_either_header_or_the_query(client):
    header = f"Sentry sentry_key={client.key}, {FIELDS}"
    query = {"sentry_key": client.key, "sentry_version": "7", "sentry_client": "raven-js/3.0"}
    for more in (
        {"headers": {"x-sentry-auth": header}},
        {"headers": {"x-sentry-auth": header.replace("Sentry", "sENTRY").replace(", ", ",")}},
        {"headers": {"authorization": header}},
        {"headers": {"x-sentry-auth": header, "authorization": "Bearer of something else"}},
        {"headers": {}, "query": query},
    ):
        shown = client.protocol.credential(client.request(**more))
        assert (shown.key, shown.project, shown.client) == (client.key, "42", "raven-js/3.0")


def test_the_key_may_be_a_user_name(client):
    shown = client.protocol.credential(client.request(headers=basic(f"{client.key}:")))
    assert shown.key == client.key


def test_a_key_is_compared_in_lower_case(client):
    assert client.protocol.credential(client.request(headers=basic(UPPER))).key == client.key


def dsn(project: int = 42, key: str = UPPER) -> bytes:
    return b'{"dsn":"https://%s:secret@errors.example/some/prefix/%d"}\n' % (key.encode(), project)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_key_may_be_in_the_first_line_of_an_envelope(client, pack):
    headers = {"content-encoding": "gzip"} if pack is gzip.compress else {}
    body = pack(dsn() + b'{"type":"session"}\n{}\n')
    shown = client.protocol.credential(client.request(body, headers=headers, path={}))
    assert (shown.key, shown.project) == (client.key, "42")


def test_the_first_line_counts_only_in_envelopes(client):
    for more in ({"route": "store"}, {"route": "security"}):
        with pytest.raises(Reject, match="missing authorization") as refused:
            client.protocol.credential(client.request(dsn(), headers={}, **more))
        assert refused.value.status == 401
    store = client.request(dsn(), route="store", headers={"content-type": "application/x-sentry-envelope"})
    assert client.protocol.credential(store).key == client.key


def test_store_without_a_project_leaves_it_to_the_key(client):
    assert client.protocol.credential(client.request(b"{}", "store_keyed", path={})).project == ""


@pytest.mark.parametrize(
    ("headers", "query", "status", "reason"),
    [
        ({}, {}, 401, "missing authorization information"),
        ({"authorization": "Bearer something"}, {}, 401, "missing authorization information"),
        ({"x-sentry-auth": "Sentry sentry_key=%s"}, {"sentry_key": "%s"}, 401, "multiple authorization payloads"),
        ({"x-sentry-auth": "Sentry sentry_key=%s", "authorization": "Sentry sentry_key=%s"}, {}, 401, "multiple"),
        (basic(UPPER), {"sentry_key": "%s"}, 401, "multiple authorization payloads"),
        ({"x-sentry-auth": "Sentry sentry_version=7"}, {}, 401, "bad sentry key"),
        ({"x-sentry-auth": "Sentry sentry_key=abc"}, {}, 401, "bad sentry key"),
        ({"authorization": "Basic ???"}, {}, 401, "base64"),
        ({}, {"sentry_key": "%s", "sentry_version": "8"}, 400, "unsupported protocol version"),
        ({}, {"sentry_key": "%s", "sentry_version": "seven"}, 400, "unsupported protocol version"),
    ],
)
def test_a_request_without_one_good_key_is_refused(client, headers, query, status, reason):
    def fill(fields):
        return {name: value.replace("%s", client.key) for name, value in fields.items()}

    with pytest.raises(Reject, match=reason) as refused:
        client.protocol.credential(client.request(b"{}\n", headers=fill(headers), query=fill(query)))
    assert refused.value.status == status


@pytest.mark.parametrize("value", ["7", "7.0", "2.0", "5", ""])
def test_older_versions_of_the_protocol_are_spoken(client, value):
    query = {"sentry_key": client.key, "sentry_version": value}
    assert client.protocol.credential(client.request(headers={}, query=query)).key == client.key


def test_an_envelope_may_repeat_the_key_of_its_request(client):
    assert client.read(client.request(dsn())).items == ()


@pytest.mark.parametrize(
    "body",
    [dsn(43), dsn(key="f" * 32), b'{"dsn":"https://nobody@errors.example/42"}', b'{"dsn":7}', b'{"dsn":"http://[/42"}'],
)
def test_an_envelope_that_names_another_key_or_project_is_refused(client, body):
    with pytest.raises(Reject, match=r"header mismatch|invalid dsn") as refused:
        client.read(client.request(body))
    assert refused.value.status == 400


def test_an_envelope_that_names_another_origin_is_refused(client):
    headers = {**client.auth, "origin": "https://shop.example"}
    client.read(client.request(b'{"origin":"https://shop.example/"}', headers=headers))
    with pytest.raises(Reject, match="origin"):
        client.read(client.request(b'{"origin":"https://evil.example"}', headers=headers))
