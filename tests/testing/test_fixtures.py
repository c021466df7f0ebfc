"""The fixtures that need no conftest: run by a pytest of their own, as an author of a plugin runs them."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import asyncio
import time

import pytest
from amber.errors import Denied, Reject, Retry
from amber.model import Event, Fact
from amber.testing.targets import news

ASKED = pytest.mark.plugin


def test_the_clock_stands_until_it_is_told_otherwise(kernel, clock):
    now = kernel.ctx.now()
    assert kernel.ctx.now() == now == clock.time
    clock.forward(60)
    assert kernel.ctx.now() == now + 60
    clock.set(5.0)
    assert kernel.ctx.now() == 5.0


def test_what_the_plugin_sends_comes_to_the_peer(kernel, http):
    kernel.deliver(news(id="n7"), url="https://hooks.example.org/room?a=b")
    [request] = http.got("/room")
    assert (request.method, request.host, request.json["id"]) == ("POST", "hooks.example.org", "n7")


def test_answers_are_given_in_the_order_they_were_queued(kernel, http):
    http.limit("/room", after=7)
    http.answer("/room", 200, "fine")
    with pytest.raises(Retry) as asked:
        kernel.deliver(news(), url=http.url("/room"))
    assert asked.value.after == 7
    assert kernel.deliver(news(), url=http.url("/room")).detail == "200 OK"
    assert kernel.deliver(news(), url=http.url("/another")).detail == "200 OK"


@pytest.mark.parametrize("mood", ["close", "babble"])
def test_a_peer_may_behave_badly_from_now_on(kernel, http, mood):
    getattr(http, mood)("*")
    for _ in range(2):
        with pytest.raises(Retry):
            kernel.deliver(news(), url=http.url("/room"))


def test_a_redirect_is_answered_and_not_followed(kernel, http):
    http.redirect("/room", http.url("/elsewhere"))
    with pytest.raises(Retry, match="/elsewhere"):
        kernel.deliver(news(), url=http.url("/room"))
    assert http.got("/elsewhere") == []


def test_a_body_without_end_is_cut(kernel, http):
    http.huge("/room")
    assert kernel.deliver(news(), url=http.url("/room")).detail == "200 OK"


def test_private_addresses_are_refused_as_ever(kernel):
    with pytest.raises(Reject):
        kernel.deliver(news(), url="http://10.1.2.3/room")


def test_facts_on_the_bus_are_told(kernel, bus):
    from amber.digesting.outbox import publish_fact

    fact = Fact("f1", "issue.created", 1, 1.0, {"title": "no"})
    kernel.run(publish_fact(bus, fact))
    assert kernel.published() == kernel.published("issue.created") == [fact]
    assert kernel.published("issue.regressed") == []


@pytest.mark.plugin("release")
def test_another_plugin_can_be_named(kernel, events):
    assert kernel.subject.name == "release"
    assert len(kernel.ask("enrich_events", events=events)) == len(events)


def test_events_of_every_platform_are_there(events):
    platforms = {event.data.get("platform") for event in events}
    assert {"python", "javascript", "node", "java", "go", "rust", "php", "ruby", "csharp", "cocoa"} <= platforms
    assert len(events) > 30
    assert len({event.id for event in events}) == len(events)
"""


@pytest.mark.parametrize("bus", ["memory", "nats"])
def test_a_plugins_tests_get_a_kernel_and_what_is_around_it(bus: str, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\namber_plugin = webhook\naddopts = --strict-markers\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", f"--bus={bus}"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_kernel_without_a_plugin_says_how_to_name_one(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(kernel): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert answer.returncode != 0
    assert 'amber_plugin = "NAME"' in answer.stdout
