import pytest
from hypothesis import given
from hypothesis import strategies as st

import amber_deployment
from amber.model import Additions, Event
from amber.testing.contexts import make_context
from amber_deployment import Config, read_name


def event(*tags: tuple[str, str]) -> Event:
    return Event("a" * 32, 1, "error", 0.0, 0.0, {"tags": [list(pair) for pair in tags]})


@pytest.mark.parametrize(
    ("name", "colour", "region", "host"),
    [
        ("web-eu1-blue-07.example.org", "blue", "eu1", "web-eu1-blue-07"),
        ("api.GREEN.us-east-1.internal", "green", "us-east-1", "api"),
        ("ap-southeast-2b-canary", "canary", "ap-southeast-2", "ap-southeast-2b-canary"),
        ("bluebird", None, None, "bluebird"),
        ("museum1", None, None, "museum1"),
    ],
)
def test_a_name_is_read(name: str, colour: str | None, region: str | None, host: str) -> None:
    wanted = {"deployment.colour": colour, "deployment.region": region, "deployment.host": host}
    assert read_name(name, Config()) == {tag: value for tag, value in wanted.items() if value is not None}


def test_events_are_tagged_where_their_server_is_known() -> None:
    ctx = make_context(amber_deployment, Config(patterns={"role": "^([a-z]+)"}, prefix=""))
    events = [event(("browser", "Firefox"), ("server_name", "web-7")), event(("browser", "Firefox")), event()]
    assert amber_deployment.enrich_events(events, ctx) == [Additions(tags={"role": "web"}), None, None]


@pytest.mark.parametrize(("pattern", "said"), [("(", "patterns.x: missing )"), ("a+", "patterns.x: put what")])
def test_a_pattern_that_finds_nothing_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(")", r"\)")):
        Config(patterns={"x": pattern})


@given(st.text())
def test_any_name_is_read(name: str) -> None:
    assert all(read_name(name, Config()).values())
