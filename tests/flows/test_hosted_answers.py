"""Strangers' plugins in processes of their own that do not only hear: what they answer is done by Amber."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from .hostedplugins import install, notes, tell
from .receivers import receiving
from .running import Running, wait_until
from .wire import envelope, error

pytestmark = pytest.mark.measured

ALLOW = '[outbound]\nallowed_networks = ["127.0.0.0/8"]\n\n[plugins.{name}]\nenabled = true\n'
WATCHES = """
@hookimpl
def evaluate_fact(fact, project, ctx):
    note(f"asked {os.getpid()}")
    title = f"{fact.data['title']} in {project.name}"
    return [model.Alert(title, kind="storm", targets="all", key="storm", page=f"/projects/{project.slug}")]
"""


def begin(start: Callable[..., Running], site: Path, name: str) -> Running:
    """An Amber in which this plugin runs, as soon as it does."""
    amber = start(toml=ALLOW.format(name=name), environment={"PYTHONPATH": str(site)})
    wait_until(lambda: plugin(amber, name)["state"] == "running")
    assert plugin(amber, name)["isolation"] == "process"
    return amber


def plugin(amber: Running, name: str) -> Any:
    return next(one for one in amber.get("/plugins")["items"] if one["name"] == name)


def send(amber: Running, title: str) -> None:
    headers = {"x-sentry-auth": f"Sentry sentry_key={amber.key}"}
    answer = httpx.post(f"{amber.url}/api/{amber.project}/envelope/", content=envelope(error(title)), headers=headers)
    assert answer.status_code == 200


def test_a_strangers_alerts_reach_people_once(start: Callable[..., Running], tmp_path: Path) -> None:
    install(tmp_path / "site", {"watcher": WATCHES}, hooks="evaluate_fact")
    amber = begin(start, tmp_path / "site", "watcher")
    with receiving() as receiver:
        settings = {"url": receiver.url("/hook"), "secret": "s3cret"}
        wanted = {"plugin": "webhook", "name": "Team", "settings": settings, "kinds": []}
        assert amber.api.post(f"/projects/{amber.project}/targets", json=wanted).status_code == 201
        send(amber, "ProblemAA")
        wait_until(lambda: receiver.posts)
        send(amber, "ProblemBB")
        wait_until(lambda: len([one for one in notes(tmp_path / "site", "watcher") if "asked" in one]) == 2)
        wait_until(lambda: idle(amber))
        [post] = receiver.posts
    assert (post.told["kind"], post.headers["X-Amber-Event"]) == ("storm", "storm")
    assert "ProblemAA" in post.told["title"]


def idle(amber: Running) -> bool:
    """Whether nothing waits for anybody."""
    return not any(one["waiting"] or one["in_hand"] for one in amber.get("/consumers")["items"])


LISTENS = """
from typing import Annotated
from msgspec import Meta, Struct
from amber import Secret

class TargetConfig(Struct, frozen=True):
    word: Annotated[Secret, Meta(description="What a reply begins with")]

@hookimpl
def deliver(notification, target, ctx):
    return Receipt("kept")

@hookimpl
def receive_webhook(request, target, ctx):
    note(f"read {os.getpid()}")
    word, action, issue = request.body.decode().split()
    if word != target.word:
        raise errors.Reject(f"{request.headers['x-who']} does not know the word")
    if told() == "die":
        os._exit(7)
    return [model.Command(action, issue, key=request.query["id"])]
"""


def test_a_strangers_plugin_reads_replies_and_none_is_lost_when_it_dies(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    install(site, {"listener": LISTENS}, hooks="deliver receive_webhook")
    amber = begin(start, site, "listener")
    wanted = {"plugin": "listener", "name": "Team", "settings": {"word": "xyzzy"}}
    address = amber.api.post(f"/projects/{amber.project}/targets", json=wanted).json()["webhook_url"]
    send(amber, "ProblemAA")
    [issue] = wait_until(lambda: amber.get(f"/projects/{amber.project}/issues")["items"])

    def reply(body: str) -> int:
        return httpx.post(f"{address}?id=one", content=body, headers={"x-who": "Mallory"}).status_code

    assert reply(f"guess resolve {issue['id']}") == 202
    wait_until(lambda: [one for one in amber.get("/dead-letters")["items"] if "Mallory does not know" in one["reason"]])
    tell(site, "listener", "die")
    assert reply(f"xyzzy resolve {issue['id']}") == 202
    wait_until(lambda: len([one for one in notes(site, "listener") if one.startswith("read")]) > 1)
    tell(site, "listener", "")
    wait_until(lambda: amber.get(f"/issues/{issue['id']}")["status"] == "resolved")
