"""`amber up` and the commands beside it: what they say, what they survive, how they end."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .running import PATIENCE, Running, amber, clean_environment, free_port, wait_until
from .wire import envelope, error

pytestmark = pytest.mark.measured

Start = Callable[..., Running]


def is_one_sentence(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """Exit code 1 and nothing but one line that says what is wrong."""
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("amber: ")
    for word in words:
        assert word in line


def ready(running: Running) -> dict[str, Any]:
    """What `/health/ready` says, with its status."""
    answer = running.web.get("/health/ready")
    return {"code": answer.status_code, **answer.json()}


def names_missing(running: Running, part: str) -> Callable[[], bool]:
    def asked() -> bool:
        said = ready(running)
        return said["code"] == 503 and any(problem.startswith(f"{part}:") for problem in said["problems"])

    return asked


def test_a_used_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        is_one_sentence(amber("up", "--port", port, data=tmp_path / "data"), f"port {port} is in use", "--port")


def test_an_unwritable_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    data = tmp_path / "file" / "data"
    is_one_sentence(amber("up", "--port", str(free_port()), data=data), str(data), "cannot be written")


def test_a_folder_in_use_is_one_clear_sentence(amber: Running) -> None:
    is_one_sentence(amber.cli("up", "--port", str(free_port())), str(amber.data), "another Amber", "--data")
    assert amber.is_ready()


def test_a_bad_configuration_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "amber.toml").write_text("[server]\nprot = 8000\n")
    is_one_sentence(amber("up", data=tmp_path), "amber.toml:2", "prot", "did you mean 'port'?")


def test_a_command_beside_nothing_says_so(tmp_path: Path) -> None:
    is_one_sentence(amber("dead", "list", data=tmp_path / "nowhere"), "no Amber has run on")
    is_one_sentence(amber("work", data=tmp_path / "nowhere"), "no bus is named")


def test_ctrl_c_in_a_terminal_ends_everything(tmp_path: Path) -> None:
    """The signal goes to the whole process group, as a terminal sends it."""
    data, port = tmp_path / "data", free_port()
    command = [sys.executable, "-m", "amber", "up", "--port", str(port), "--data", str(data)]
    lines: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=clean_environment(), start_new_session=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    said = "".join(lines)
    assert f"http://127.0.0.1:{port}" in said
    assert re.search(rf"http://[0-9a-f]{{32}}@127\.0\.0\.1:{port}/1", said)
    assert len(re.findall(r"Password +\S+", said)) == 1
    assert "sentry_sdk.init(dsn=" in said
    with socket.create_server(("127.0.0.1", port)):
        pass  # nobody listens there any more


def test_the_password_is_shown_at_the_first_start_alone(start: Start) -> None:
    first = start(name="twice")
    said = first.said
    assert said["created"]
    assert first.lets_in(said["email"], said["password"])
    assert not first.lets_in(said["email"], "guessed")
    first.stop()
    assert said["password"] not in first.log()
    again = start(name="twice")
    assert not again.said["created"]
    assert "password" not in again.said
    assert again.said["public_key"] == said["public_key"]
    assert again.lets_in(said["email"], said["password"])


def test_a_given_owner_is_honoured_and_not_repeated(start: Start) -> None:
    given = {"AMBER_OWNER_EMAIL": "ada@example.org", "AMBER_OWNER_PASSWORD": "a long enough one"}
    running = start(environment=given)
    assert running.said["email"] == "ada@example.org"
    assert "password" not in running.said
    assert running.lets_in("ada@example.org", "a long enough one")


def test_what_is_secret_is_the_owners_alone(amber: Running) -> None:
    for file in (amber.data / "run.json", amber.data / "nats" / "nats.conf"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["worker", "edge", "nats-server"])
def test_a_child_that_dies_is_started_again(start: Start, name: str) -> None:
    running = start()
    before = running.children()
    os.kill(before[name], signal.SIGKILL)
    wait_until(lambda: running.children().get(name, before[name]) != before[name])
    wait_until(running.is_ready)
    after = running.children()
    assert {role for role in before if after[role] != before[role]} == {name}
    assert f"{name} ended with code -9 and is started again" in running.log()
    event = error()
    headers = {"x-sentry-auth": f"Sentry sentry_key={running.key}, sentry_version=7"}
    sent = running.web.post(f"/api/{running.project}/envelope/", content=envelope(event), headers=headers)
    assert sent.status_code == 200
    running.stored(event["event_id"])


def test_health_names_the_part_that_is_missing(start: Start) -> None:
    running = start()
    assert ready(running) == {"code": 200, "status": "ready", "problems": []}
    for name, part in (("worker", "worker"), ("nats-server", "bus")):
        pid = running.children()[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_until(names_missing(running, part))
            assert running.web.get("/health/live").status_code == 200
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_until(running.is_ready)


def test_metrics_are_of_all_processes(amber: Running) -> None:
    children = amber.children()
    text = wait_until(lambda: (found := amber.metrics()) and f"worker-{children['worker']}" in found and found)
    assert f'process="edge-{children["edge"]}"' in text
    for family in ("amber_requests_total", "amber_items_total", "amber_digest_lag", "amber_plugin_calls_total"):
        assert f"# HELP {family} " in text
        assert f"# TYPE {family} " in text
    assert "amber_plugin_seconds_bucket{" in text


def test_a_new_project_can_be_sent_to_at_once(amber: Running) -> None:
    made = amber.cli_json("project", "create", "Till")
    assert made["slug"] == "till"
    assert isinstance(made["project_id"], int)
    assert re.fullmatch("[0-9a-f]{32}", made["public_key"])
    assert made["dsn"] == f"http://{made['public_key']}@127.0.0.1:{amber.port}/{made['project_id']}"
    headers = {"x-sentry-auth": f"Sentry sentry_key={made['public_key']}, sentry_version=7"}
    event = error()
    sent = amber.web.post(f"/api/{made['project_id']}/envelope/", content=envelope(event), headers=headers)
    assert sent.json() == {"id": event["event_id"]}
    wait_until(lambda: amber.pages("/projects/till/issues"))


def test_a_new_token_does_what_its_scope_says(amber: Running) -> None:
    made = amber.cli_json("token", "create", "--scope", "project:read")
    reader = amber.api_as(made["token"])
    assert reader.get("/projects").status_code == 200
    assert reader.get("/audit").status_code == 403
    assert made["token"].encode() not in b"".join(file.read_bytes() for file in amber.data.glob("amber.db*"))


def test_plugins_are_listed_with_their_state_and_cost(amber: Running) -> None:
    rows = {row["name"]: row for row in amber.cli_json("plugins")}
    assert {"sentry", "amber", "sql", "files", "keys", "tokens", "scopes", "scrub", "stack", "api"} <= set(rows)
    assert {row["state"] for row in rows.values()} == {"running"}
    shown = amber.cli("plugins").stdout
    assert all(name in shown for name in rows)


def test_a_good_configuration_passes_the_check(amber: Running) -> None:
    done = amber.cli("config", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no problem found" in done.stdout


def test_each_problem_of_a_configuration_is_shown_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "amber.toml").write_text(
        "[server]\nport = 70000\nhots = '::'\n\n[bus]\ndurability = 'never'\n\n[plugins.nothing]\nenabled = true\n"
    )
    done = amber("config", "check", data=tmp_path)
    assert done.returncode == 1
    for line, word in ((2, "70000|65535|<="), (3, "did you mean 'host'"), (6, "durability|never")):
        assert re.search(rf"amber\.toml:{line}: .*({word})", done.stdout), done.stdout
    (tmp_path / "amber.toml").write_text("[plugins.nothing]\nenabled = true\n")
    done = amber("config", "check", data=tmp_path)
    assert done.returncode == 1
    assert "[plugins.nothing] is configured but not installed" in done.stdout


def test_dead_letters_are_listed_beside_a_running_amber(amber: Running) -> None:
    done = amber.cli("dead", "list")
    assert (done.returncode, done.stdout) == (0, "No dead letters.\n")
    assert json.loads(amber.cli("dead", "list", "--json").stdout) == []
    assert amber.cli("dead", "show", "7").returncode == 1


def test_a_test_event_goes_where_it_is_sent_or_says_why_not(amber: Running) -> None:
    made = amber.cli_json("project", "create", "Sender")
    done = amber.cli("send-test", "--project", made["slug"])
    assert done.returncode == 0, done.stderr
    assert "is SENDER-1: RuntimeError" in done.stdout
    is_one_sentence(amber.cli("send-test", "--project", "nowhere"), "there is no project 'nowhere'")
    wrong = amber.dsn.replace(amber.key, "f" * 32)
    is_one_sentence(amber.cli("send-test", "--dsn", wrong, "--wait", "0.2"), "did not become an issue")
    assert amber.cli("project", "key", "disable", made["public_key"]).returncode == 0
    is_one_sentence(amber.cli("send-test", "--project", made["slug"]), "has no active key", "project key add")
