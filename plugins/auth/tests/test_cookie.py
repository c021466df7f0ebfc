import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber_auth.browser import local
from amber_auth.cookie import cookie, name_of, secret_of

HTTPS, HTTP = "https://amber.test/errors", "http://127.0.0.1:8000"


def test_on_https_the_cookie_is_bound_to_this_host_and_never_sent_in_the_clear() -> None:
    shown = cookie("s3cret", HTTPS).to_header(header="")
    assert shown.startswith("__Host-amber_session=s3cret")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(shown.split("; "))
    assert "Domain" not in shown


def test_on_plain_http_it_is_sent_all_the_same() -> None:
    shown = cookie("s3cret", HTTP).to_header(header="")
    assert shown.startswith("amber_session=s3cret")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(shown.split("; "))
    assert "Secure" not in shown


def test_a_cookie_is_taken_away_by_one_that_is_over() -> None:
    assert "Max-Age=0" in cookie("", HTTPS).to_header(header="")


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        ("__Host-amber_session=abc", "abc"),
        ("theme=dark; __Host-amber_session=abc; x=1", "abc"),
        ("amber_session=abc", ""),  # set over plain HTTP by somebody in between
        ("X__Host-amber_session=abc", ""),
        ("__Host-amber_session", ""),
        ("", ""),
        (";;=;", ""),
    ],
)
def test_the_secret_is_found_in_the_header(header: str, secret: str) -> None:
    assert secret_of(header, HTTPS) == secret


@given(st.text())
def test_no_header_breaks_the_reading(header: str) -> None:
    assert isinstance(secret_of(header, HTTP), str)
    assert name_of(HTTP) != name_of(HTTPS)


@pytest.mark.parametrize("path", ["/", "/issues", "/issues?status=resolved&x=%2F#top", "/a//b", "/issues/1"])
def test_a_page_of_ours_is_gone_to(path: str) -> None:
    assert local(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "issues",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https://evil.test",
        "https:evil.test",
        "javascript:alert(1)",
        "/\t/evil.test",
        "/\n/evil.test",
        " //evil.test",
        "/issues\r\nset-cookie: a=b",
        "/ /evil.test",
        "/issues\x00",
    ],
)
def test_nothing_leads_away(path: str) -> None:
    assert local(path) == ""


@given(st.text(alphabet=st.sampled_from("/\\:.@ \t\nhtpsevil")) | st.text())
def test_whatever_is_gone_to_stays_here(path: str) -> None:
    kept = local(path)
    assert kept in ("", path)
    assert not kept or (kept[0] == "/" and kept[1:2] not in ("/", "\\"))
