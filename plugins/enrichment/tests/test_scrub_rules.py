"""Which names and texts count as secrets."""

import pytest

from amber_enrichment.scrub.keys import is_secret, is_session
from amber_enrichment.scrub.rules import Rules
from amber_enrichment.scrub.shapes import is_card, is_iban
from amber_enrichment.scrub.texts import scrub_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0abc.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "key",
    [
        "auth_token",
        "apiKey",
        "X-Api-Key",
        "password2",
        "db-passwd",
        "access_token",
        "client_secret",
        "Authorization",
        "HTTP_AUTHORIZATION",
        "userPassword",
        "dbpass",
        "db_pass",
        "basic_auth",
        "APIKey",
        "APIToken",
        "token",
        "tokens",
        "X-CSRF-Token",
        "csrfmiddlewaretoken",
        "mysql_pwd",
        "pwd",
        "privateKey",
        "otp",
        "two-factor",
        "passwords",
        "api.key",
        "user[password]",
        "credentials",
        "cvv",
        "ssn",
        "secretAccessKey",
        "passwordHash",
        "one_time_password",
        "session_token",
        "JSESSIONID",
    ],
)
def test_names_of_secrets_are_known(key: str) -> None:
    assert is_secret(key)


@pytest.mark.parametrize(
    "key",
    [
        "author",
        "authority",
        "authors",
        "authenticated",
        "tokens_used",
        "token_count",
        "tokenizer",
        "passenger",
        "unauthorized",
        "secretary",
        "auth_method",
        "auth_type",
        "oauth_provider",
        "PWD",
        "OLDPWD",
        "primary_key",
        "public_key",
        "cache_key",
        "compass",
        "passed",
        "bypass",
        "passwordless",
        "password_changed_at",
        "token_type",
        "token_expires_in",
        "key",
        "monkey",
        "session",
        "session_id",
        "code",
        "status",
        "ip_address",
    ],
)
def test_harmless_names_stay(key: str) -> None:
    assert not is_secret(key)


def test_session_names_count_in_cookies_alone() -> None:
    assert all(is_session(name) for name in ("sid", "connect.sid", "laravel_session", "PHPSESSID", "ASPSESSIONIDAB"))
    assert not any(is_session(name) for name in ("side", "theme", "session_count", "aside"))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("password=hunter2", "password=[Filtered]"),
        ("Password: hunter2, user: ann", "Password: [Filtered], user: ann"),
        ("password='it''s' x", "password='[Filtered]' x"),
        ("{'token': 'a b', 'n': 1}", "{'token': '[Filtered]', 'n': 1}"),
        ("{'password': {'a': 'x}y'}, 'n': 1}", "{'password': [Filtered], 'n': 1}"),
        (r"{\"password\": \"hun\\\"ter2\", \"n\": 1}", r"{\"password\": \"[Filtered]\", \"n\": 1}"),
        ("GET /?a=1&access_token=abc&b=2", "GET /?a=1&access_token=[Filtered]&b=2"),
        ("next=%2F%3Ftoken%3Dabc%26b%3D2", "next=%2F%3Ftoken%3D[Filtered]%26b%3D2"),
        ("API key: k-1", "API key: [Filtered]"),
        ("curl -H 'Authorization: Basic abc def' x", "curl -H 'Authorization: [Filtered]' x"),
        ("Cookie: a=b; c=d\nHost: x", "Cookie: [Filtered]\nHost: x"),
        ("run --db-password hunter2 -v", "run --db-password [Filtered] -v"),
        ("Server=x;Password=p,w;Port=1", "Server=x;Password=[Filtered];Port=1"),
        ("sent bearer x", "sent bearer [Filtered]"),
        ("Basic dXNlcjpwYXNz", "Basic [Filtered]"),
        ("postgres://u:p@ss@host/db", "postgres://u:[Filtered]@host/db"),
        ("redis://:pw@host", "redis://:[Filtered]@host"),
        (f"got {JWT}", "got [Filtered]"),
        ("AKIAIOSFODNN7EXAMPLE", "[Filtered]"),
        ("paid 4111-1111-1111-1111.", "paid [creditcard]."),
        ("pay DE89 3704 0044 0532 0130 00 NOW", "pay [iban] NOW"),
        ("ssn 123-45-6789", "ssn [usssn]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nab\n-----END RSA PRIVATE KEY-----", None),
        (r"\u0070assword=hunter2", "password=[Filtered]"),
        (r"\\x70assword=hunter2", "password=[Filtered]"),
        ("password=4111111111111111", "password=[Filtered]"),
    ],
)
def test_secrets_in_texts_are_replaced_where_they_stand(text: str, clean: str | None) -> None:
    answer = scrub_text(text, Rules())[0]

    assert answer == (clean or text.replace("ab", "[Filtered]"))
    assert scrub_text(answer, Rules()) == (answer, ())


@pytest.mark.parametrize(
    "text",
    [
        "author: ann",
        "token_count=5",
        "max_tokens=512",
        "Unexpected token < in JSON",
        "Invalid password.",
        "password=None",
        "password=***",
        "Bearer token missing",
        "Basic authentication failed",
        "ssh://git@host/x",
        "4111 1111 1111 1112",
        "0.4111111111111111",
        "1763845000295 2026-11-22",
        "000-12-3456",
        "DE00 3704 0044 0532 0130 00",
        "https://host:8080/a@b",
        "sk-fading-circle",
    ],
)
def test_harmless_texts_stay(text: str) -> None:
    assert scrub_text(text, Rules())[0] is text


def test_source_code_keeps_names_and_calls_and_loses_literals() -> None:
    kept = ["password = get_password(x)", "tokens = [t for t in x]", "def f(password: str, n): ...", "if token == old:"]
    lost = ["password = 'hunter2'", "PASSWORD=hunter2", "def f(password: str = 'hunter2')", "TOKENS = ['hunter2']"]

    assert [scrub_text(line, Rules(), source=True)[0] for line in kept] == kept
    assert not any("hunter2" in scrub_text(line, Rules(), source=True)[0] for line in lost)


def test_cards_need_prefix_length_and_check_digit() -> None:
    assert all(is_card(number) for number in ("4111111111111111", "5555555555554444", "378282246310005"))
    assert not any(is_card(number) for number in ("4111111111111112", "1111111111111117", "41111111111"))


def test_ibans_need_their_checksum() -> None:
    assert is_iban("GB82WEST12345698765432")
    assert not is_iban("GB82WEST12345698765433")
