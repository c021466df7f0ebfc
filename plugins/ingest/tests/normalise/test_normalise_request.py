from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from amber.model import Event
from amber_ingest.normalise import Arrival, normalise_event

Normal = Callable[..., Event]


def test_query_and_fragment_leave_the_url(normal: Normal) -> None:
    request = normal(request={"url": "https://shop.example/a?x=1&y=a%20b&x=2&z#top"}).data["request"]
    assert request == {
        "url": "https://shop.example/a",
        "query_string": [["x", "1"], ["y", "a b"], ["x", "2"], ["z", ""]],
        "fragment": "top",
    }


def test_a_query_of_its_own_stands_before_the_urls(normal: Normal) -> None:
    request = normal(request={"url": "https://shop.example/a?x=1", "query_string": {"y": 2, "z": None}}).data["request"]
    assert request["query_string"] == [["y", "2"], ["z", None]]


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        ("?a=1&b=%00%ff", [["a", "1"], ["b", "\ufffd\ufffd"]]),
        ([["a", "1"], ["a", 2]], [["a", "1"], ["a", "2"]]),
        ({"a": ["1", "2"]}, [["a", "1,2"]]),
        ({"a": {"b": 1}}, [["a", '{"b":1}']]),
    ],
)
def test_a_query_comes_in_many_forms(given: Any, pairs: list[list[str]], normal: Normal) -> None:
    assert normal(request={"query_string": given}).data["request"]["query_string"] == pairs


def test_headers_are_pairs_with_title_case_names_and_cookies_leave_them(normal: Normal) -> None:
    request = normal(
        request={"headers": {"content-type": "text/plain", "X-ID": ["a", "b"], "cookie": "sid=1; theme=dark; flag"}}
    ).data["request"]
    assert request["headers"] == [["Content-Type", "text/plain"], ["X-Id", "a,b"]]
    assert request["cookies"] == [["sid", "1"], ["theme", "dark"], ["flag", ""]]


def test_cookies_that_were_sent_on_their_own_win(normal: Normal) -> None:
    request = normal(request={"headers": [["Cookie", "a=1"]], "cookies": "b=2"}).data["request"]
    assert request == {"headers": [], "cookies": [["b", "2"]]}


@pytest.mark.parametrize(("given", "method"), [("get", "GET"), ("M-SEARCH", "M-SEARCH"), ("G", None), (5, None)])
def test_a_method_is_a_word_in_capitals(given: Any, method: str | None, normal: Normal) -> None:
    event = normal(request={"method": given, "url": "/"})
    assert event.data["request"]["method"] == method
    assert ("errors" in event.data) == (method is None)


@pytest.mark.parametrize(
    ("body", "content", "kind"),
    [
        ('{"a": [1]}', {"a": [1]}, "application/json"),
        ("a=1&b=x%20y&a=2", {"a": ["1", "2"], "b": "x y"}, "application/x-www-form-urlencoded"),
        ("{not json", "{not json", None),
        ("just text", "just text", None),
        ({"a": 1}, {"a": 1}, None),
        (5, 5, None),
    ],
)
def test_a_body_is_decoded_where_it_can_be(body: Any, content: Any, kind: str | None, normal: Normal) -> None:
    request = normal(request={"data": body}).data["request"]
    assert request["data"] == content
    assert request.get("inferred_content_type") == kind


def test_the_content_type_header_is_believed_where_the_body_tells_nothing(normal: Normal) -> None:
    request = normal(request={"data": "x", "headers": {"Content-Type": "text/plain; charset=utf-8"}}).data["request"]
    assert request["inferred_content_type"] == "text/plain"


def test_a_large_request_is_held_to_its_room(normal: Normal) -> None:
    event = normal(
        request={
            "url": "https://shop.example/" + "x" * 500,
            "headers": {f"X-{index}": "v" * 100 for index in range(200)},
            "cookies": "; ".join(f"c{index}={'v' * 50}" for index in range(100)),
            "query_string": {"q": "x" * 5000},
            "data": "word " * 5000,
            "env": {"KEY": "x" * 10_000},
        }
    )
    request = event.data["request"]
    sizes = {field: len(msgspec.json.encode(request[field])) for field in request}
    room = {"url": 258, "headers": 8192, "cookies": 2048, "query_string": 1024, "data": 8192, "env": 8192}
    assert all(room[field] * 0.8 < sizes[field] <= room[field] for field in sizes)
    assert set(event.data["_meta"]["request"]) == set(room)


def test_a_broken_request_costs_only_itself(normal: Normal) -> None:
    event = normal(request="GET /", user={"id": 1}, message="m")
    assert "request" not in event.data
    assert (event.user, event.message) == ("id:1", "m")


def test_users_are_known_by_text_and_the_unknown_is_kept_as_data(normal: Normal) -> None:
    event = normal(user={"id": 5, "email": "a@b.example", "plan": "pro", "data": {"x": 1}})
    assert event.data["user"] == {"id": "5", "email": "a@b.example", "data": {"plan": "pro", "x": 1}}
    assert event.user == "id:5"


def test_a_wrong_address_is_noted(normal: Normal) -> None:
    event = normal(user={"ip_address": "999.1.1.1", "id": "1"})
    assert event.data["user"] == {"ip_address": None, "id": "1"}
    assert event.data["errors"][0]["name"] == "user.ip_address"


AUTO = "{{auto}}"


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"user": {"ip_address": AUTO}}, "203.0.113.9"),
        ({"user": {"ip_address": AUTO}, "request": {"env": {"REMOTE_ADDR": "198.51.100.4"}}}, "198.51.100.4"),
        ({"user": {"ip_address": AUTO}, "request": {"env": {"REMOTE_ADDR": AUTO}}}, "203.0.113.9"),
        ({"user": {"ip_address": AUTO}, "sdk": {"settings": {"infer_ip": "never"}}}, None),
        ({"user": {"ip_address": "::1"}, "platform": "javascript"}, "::1"),
        ({"platform": "javascript"}, "203.0.113.9"),
        ({"platform": "cocoa", "user": {"id": "1"}}, "203.0.113.9"),
        ({"platform": "python"}, None),
        ({"platform": "python", "sdk": {"settings": {"infer_ip": "auto"}}}, "203.0.113.9"),
        ({"platform": "javascript", "sdk": {"settings": {"infer_ip": "never"}}}, None),
    ],
)
def test_the_address_of_a_user_is_inferred_only_where_that_is_wanted(
    fields: dict[str, Any], address: str | None, normal: Normal
) -> None:
    assert (normal(**fields).data.get("user") or {}).get("ip_address") == address


def test_an_address_nobody_knows_is_not_made_up(arrival: Arrival) -> None:
    nowhere = msgspec.structs.replace(arrival, client_ip="unix socket")
    event = normalise_event({"user": {"ip_address": AUTO}, "platform": "javascript"}, nowhere)
    assert event.user == ""


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


def test_the_user_agent_tells_browser_system_and_device(normal: Normal) -> None:
    contexts = normal(request={"headers": {"user-agent": IPHONE}}).data["contexts"]
    assert contexts["browser"] == {
        "type": "browser",
        "name": "Mobile Safari",
        "version": "17.5",
        "browser": "Mobile Safari 17.5",
    }
    assert contexts["client_os"] == {"type": "os", "name": "iOS", "version": "17.5", "os": "iOS 17.5"}
    assert contexts["device"] == {"type": "device", "family": "iPhone", "brand": "Apple", "model": "iPhone"}


def test_what_the_sdk_says_stands_before_the_user_agent(normal: Normal) -> None:
    contexts = normal(
        request={"headers": {"User-Agent": FIREFOX}}, contexts={"browser": {"name": "Lynx", "version": "2"}}
    ).data["contexts"]
    assert contexts["browser"] == {"name": "Lynx", "version": "2", "type": "browser", "browser": "Lynx 2"}
    assert contexts["client_os"]["name"] == "Linux"


def test_client_hints_stand_before_the_user_agent(normal: Normal) -> None:
    contexts = normal(
        request={
            "headers": {
                "User-Agent": FIREFOX,
                "sec-ch-ua": '"Not)A;Brand";v="8", "Chromium";v="138", "Google Chrome";v="138"',
                "sec-ch-ua-platform": '"Windows"',
                "sec-ch-ua-platform-version": '"15.0.0"',
                "sec-ch-ua-model": '"Pixel 8"',
            }
        }
    ).data["contexts"]
    assert contexts["browser"]["browser"] == "Google Chrome 138"
    assert contexts["client_os"]["os"] == "Windows 15.0.0"
    assert contexts["device"] == {"type": "device", "model": "Pixel 8"}


def test_the_agent_that_posted_counts_only_for_events_of_browsers(arrival: Arrival) -> None:
    browser = msgspec.structs.replace(arrival, user_agent=FIREFOX)
    assert normalise_event({"platform": "javascript"}, browser).data["contexts"]["browser"]["name"] == "Firefox"
    assert "browser" not in normalise_event({"platform": "python"}, browser).data["contexts"]
