"""Plugins installed, upgraded, removed and purged beside a running Amber, in an environment of the test's own."""

import asyncio
import functools
import hashlib
import http.server
import signal
import site
import subprocess
import sys
import sysconfig
import threading
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amber.testing.wheels import CODE, make_wheel, manifest, requiring

from .running import Running, clean_environment, wait_until
from .running import amber as run
from .test_switching import Traffic
from .wire import envelope, error, post, send_all

pytestmark = pytest.mark.measured

DIST, PACKAGE, MODULE = "amber-stranger", "amber_stranger", "amber_stranger/__init__.py"
TAGS = """\
from amber import hookimpl
from amber.model import Additions


@hookimpl
def enrich_events(events):
    return [Additions(tags={{"stranger": "{tag}"}}) for _ in events]
"""


class Place:
    """A Python environment into which plugins may be installed: it sees what the tests' own holds, and is not it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder, with_pip=False)
        self.python = str(folder / "bin" / "python")
        self.site = Path(self.ask("import sysconfig; print(sysconfig.get_path('purelib'))"))
        outer = sysconfig.get_path("purelib")
        (self.site / "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n")

    def ask(self, program: str) -> str:
        command = [self.python, "-c", program]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=clean_environment()
        ).stdout.strip()

    def packages(self) -> list[str]:
        return sorted(path.name for path in self.site.iterdir() if path.name not in ("outer.pth", "__pycache__"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    assert site.ENABLE_USER_SITE is False or sys.prefix != sys.base_prefix
    return Place(tmp_path / "venv")


@pytest.fixture
def amber(start: Callable[..., Running], place: Place) -> Running:
    return start(python=place.python)


def tag_of(amber: Running) -> str:
    """What the plugin makes of an event sent now; empty where it has no hand in it."""
    event = error("ProblemZZ")
    body = post(amber.url, amber.project, amber.key, envelope(event))
    assert asyncio.run(send_all(amber.url, [body], 1)) == [200]
    added = amber.stored(event["event_id"])["data"].get("additions") or {}
    return str(added.get("stranger", {}).get("tags", {}).get("stranger", ""))


def row(amber: Running) -> dict[str, object]:
    return next((one for one in amber.get("/plugins")["items"] if one["name"] == "stranger"), {})


def done(amber: Running, *words: "str | Path") -> str:
    answer = amber.cli("plugins", *map(str, words))
    assert answer.returncode == 0, answer.stderr + amber.log()
    return answer.stdout


def refused(amber: Running, *words: "str | Path") -> str:
    answer = amber.cli("plugins", *map(str, words))
    assert answer.returncode == 1, answer.stdout + answer.stderr
    said = answer.stderr.strip()
    assert said.startswith("amber: ")
    assert "\n" not in said, "one sentence"
    return said


def test_a_plugin_lives_from_install_to_purge_while_events_flow(amber: Running, place: Place, tmp_path: Path) -> None:
    traffic = Traffic(amber)
    asks = manifest("stranger", '[rights]\ntables = ["stranger_*"]\nhosts = ["example.org"]\n')
    migration = {f"{PACKAGE}/migrations/versions/0001_notes.py": MIGRATION}
    first = make_wheel(tmp_path, files={MODULE: TAGS.format(tag="one"), f"{PACKAGE}/plugin.toml": asks, **migration})
    shown = amber.cli("plugins", "install", str(first))  # nobody answers the question
    assert (shown.returncode, row(amber), place.packages()) == (130, {}, [])
    assert "may: sends requests to example.org; keeps tables of its own: stranger_*" in shown.stdout

    (amber.data / "amber.toml").write_text("[plugins.stranger]\nisolation = 'inline'\n")  # its tables are Amber's
    assert "Plugin stranger is running." in done(amber, "install", first, "--yes")
    assert (row(amber)["state"], row(amber)["version"]) == ("running", "1.0")
    assert tag_of(amber) == "one"

    files = {f"{PACKAGE}/plugin.toml": asks.replace("example.org", "example.com"), **migration}
    second = make_wheel(tmp_path, version="2.0", files={MODULE: TAGS.format(tag="two"), **files})
    assert "may now also: sends requests to example.com\n" in done(
        amber, "upgrade", "stranger", "--from", second, "--yes"
    )
    assert (row(amber)["state"], row(amber)["version"]) == ("running", "2.0")
    wait_until(lambda: tag_of(amber) == "two")

    assert "still there" in done(amber, "remove", "stranger", "--yes")
    assert (tag_of(amber), place.packages()) == ("", [])
    assert "not there" not in done(amber, "purge", "stranger", "--yes")
    assert "nothing is known of a plugin 'stranger'" in refused(amber, "purge", "stranger", "--yes")

    statuses = traffic.end()
    assert set(statuses) == {200}
    wait_until(lambda: amber.issues(text="ProblemAA")[0]["count"] == len(statuses))
    noted = [(one["action"], one["before"], one["after"]) for one in amber.pages("/audit", subject=f"plugin:{DIST}")]
    assert noted == [
        ("plugin.remove", {"version": "2.0"}, {"version": ""}),
        ("plugin.install", {"version": "1.0"}, {"version": "2.0"}),
        ("plugin.install", {"version": ""}, {"version": "1.0"}),
    ]


MIGRATION = """\
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade():
    op.create_table("stranger_notes", sa.Column("id", sa.Integer, primary_key=True))
"""


def test_an_installation_that_fails_says_why_and_changes_nothing(amber: Running, place: Place, tmp_path: Path) -> None:
    code = CODE + "\n\n@hookimpl\ndef plugin_start():\n    raise OSError('the tape is missing')\n"
    for plugin_code, said in (
        ("import os\nos._exit(3)\n", "ended the process"),
        (code, "OSError: the tape is missing"),
    ):
        wheel = make_wheel(tmp_path, files={MODULE: plugin_code})
        assert said in refused(amber, "install", wheel, "--yes")
        assert place.packages() == []
    wait_until(lambda: not row(amber))


def test_an_upgrade_that_fails_leaves_the_version_that_worked(amber: Running, place: Place, tmp_path: Path) -> None:
    done(amber, "install", make_wheel(tmp_path, files={MODULE: TAGS.format(tag="one")}), "--yes")
    before = {path: path.read_bytes() for path in place.site.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    code = TAGS.format(tag="two") + "\n\n@hookimpl\ndef plugin_start():\n    raise OSError('no')\n"
    assert "does not run" in refused(
        amber, "install", make_wheel(tmp_path, version="2.0", files={MODULE: code}), "--yes"
    )
    after = {path: path.read_bytes() for path in place.site.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert after == before
    wait_until(lambda: (row(amber)["state"], row(amber)["version"]) == ("running", "1.0"))
    assert tag_of(amber) == "one"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_installation_that_is_interrupted_is_taken_back(
    how: signal.Signals, amber: Running, place: Place, tmp_path: Path
) -> None:
    """By itself where it can, else by whoever installs next."""
    gate = tmp_path / "gate"
    code = f"import pathlib, time\n{TAGS.format(tag='one')}\n\n@hookimpl\ndef plugin_start():\n"
    code += f"    while not pathlib.Path({str(gate)!r}).exists():\n        time.sleep(0.05)\n"
    words = [
        place.python,
        "-m",
        "amber",
        "plugins",
        "install",
        str(make_wheel(tmp_path, files={MODULE: code})),
        "--yes",
    ]
    command = subprocess.Popen([*words, "--data", str(amber.data)], env=amber.environment, stderr=subprocess.PIPE)
    wait_until(lambda: "amber_stranger" in place.packages() and (amber.data / "wheels/undo/undo.json").is_file())
    command.send_signal(how)
    gate.touch()
    _, said = command.communicate()
    if how is signal.SIGINT:
        assert said.decode().split() == ["Everything", "is", "as", "it", "was.", "amber:", "stopped"]
    if how is signal.SIGKILL:
        other = make_wheel(tmp_path, plugin="other")
        assert "Plugin other is running." in done(amber, "install", other, "--yes")
    assert [one for one in place.packages() if "stranger" in one] == []
    wait_until(lambda: not row(amber))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """An index that pip can ask: its folder, one below it for each project, and its address."""
    folder = tmp_path / "index"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]  # what pip asks is nobody's news
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def publish(folder: Path, wheel: Path) -> Path:
    """Put a wheel on the index, with its hash."""
    project = folder / "-".join(wheel.name.split("-")[0].split("_"))
    project.mkdir(exist_ok=True)
    (project / wheel.name).write_bytes(wheel.read_bytes())
    links = [
        f'<a href="{one.name}#sha256={hashlib.sha256(one.read_bytes()).hexdigest()}">{one.name}</a>'
        for one in sorted(project.glob("*.whl"))
    ]
    (project / "index.html").write_text("<br>".join(links))
    return project / wheel.name


def test_a_name_is_fetched_from_the_index_with_what_it_needs_and_held_to_its_hash(
    start: Callable[..., Running], place: Place, index: tuple[Path, str], tmp_path: Path
) -> None:
    folder, url = index
    amber = start(python=place.python, environment={"PIP_INDEX_URL": url, "PIP_NO_CACHE_DIR": "1"})
    publish(folder, make_wheel(tmp_path, head=requiring("amber-helper>=1", "amber>=0.1")))
    publish(folder, make_wheel(tmp_path, version="2.0", head=requiring("amber>=99")))
    swapped = publish(folder, make_wheel(tmp_path, plugin="helper"))
    honest = swapped.read_bytes()
    swapped.write_bytes(
        make_wheel(tmp_path / "evil", plugin="helper", files={"amber_helper/__init__.py": "import os\n"}).read_bytes()
    )
    assert "its hash is another one" in refused(amber, "install", DIST, "--yes")
    assert place.packages() == []

    swapped.write_bytes(honest)
    said = done(amber, "install", DIST, "--yes")
    assert "amber-stranger 1.0" in said, "2.0 is for another Amber"
    assert "brings along: amber-helper 1.0" in said
    assert row(amber)["state"] == "running"
    assert "1.0 is installed, and there is none newer that fits" in refused(amber, "upgrade", "stranger", "--yes")
    assert "No matching distribution" in refused(amber, "install", "amber-nobody", "--yes")
    assert "amber-stranger needs amber-helper>=1" in refused(amber, "remove", "helper", "--yes")


def test_a_plugin_that_needs_settings_waits_for_them(amber: Running, tmp_path: Path) -> None:
    code = (
        "from msgspec import Struct\n"
        + TAGS.format(tag="one")
        + "\n\nclass Config(Struct, frozen=True):\n    key: str\n"
    )
    said = done(amber, "install", make_wheel(tmp_path, files={MODULE: code}), "--yes")
    assert "Plugin stranger is disabled: it needs settings first: key; write them under [plugins.stranger]" in said
    (amber.data / "amber.toml").write_text('# mine\n[plugins.stranger]\nkey = "k"\n')
    done(amber, "enable", "stranger")
    assert row(amber)["state"] == "running"
    assert "is running: switch it off or remove it first" in refused(amber, "purge", "stranger", "--yes")
    users = amber.data / "nats" / "users.conf"
    assert "plugin-stranger" in users.read_text()
    done(amber, "remove", "stranger", "--yes")
    wait_until(lambda: row(amber).get("state") == "disabled")
    wait_until(lambda: "plugin-stranger" not in users.read_text())
    done(amber, "purge", "stranger", "--yes")
    assert (amber.data / "amber.toml").read_text() == "# mine\n"
    wait_until(lambda: not row(amber))


def test_what_comes_with_amber_is_not_removed(amber: Running) -> None:
    assert "terminal comes with Amber: switch it off" in refused(amber, "remove", "terminal", "--yes")
    assert "there is no plugin 'nobody' to remove" in refused(amber, "remove", "nobody", "--yes")


def test_without_a_running_amber_it_is_written_into_the_file(place: Place, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "amber.toml"
    file.write_text("# ours\n[server]\nport = 8001 # not 8000\n")
    given = {"data": tmp_path / "data", "python": place.python}
    wheel = make_wheel(tmp_path, files={MODULE: TAGS.format(tag="one")})
    answer = run("plugins", "install", str(wheel), "--yes", **given)  # type: ignore[arg-type]  # a path and a text
    assert "it will run when Amber is started" in answer.stdout, answer.stderr
    expected = "# ours\n[server]\nport = 8001 # not 8000\n\n[plugins.stranger]\nenabled = true\n"
    assert file.read_text() == expected
    assert "stranger" in run("plugins", **given).stdout  # type: ignore[arg-type]  # as above
    answer = run("plugins", "remove", "stranger", "--yes", **given)  # type: ignore[arg-type]  # as above
    assert answer.returncode == 0, answer.stderr
    assert file.read_text() == expected.replace("true", "false")
