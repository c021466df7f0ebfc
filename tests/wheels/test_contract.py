"""Our own plugins keep the contract that others must keep; and the contract sees those that do not."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from amber.registry import first_party
from amber.testing.contract.plugin import PluginContract
from amber.testing.contract.plugin.subject import Subject

pytestmark = pytest.mark.timeout(300)  # each starts several Pythons, which a busy machine makes slow
OURS = [entry for entry in entry_points(group="amber.plugins") if entry.dist and entry.dist.name in first_party()]
MANIFEST = 'name = "{name}"\ntitle = "Bad"\nsummary = "Does one thing wrong."\nfamilies = ["enrichment"]\n'
MODULE = """
from typing import Annotated
import threading, time
import click
from msgspec import Meta, Struct
from litestar import get
from amber import hookimpl
from amber.model import Additions, Grouping

"""
HOOK = "@hookimpl\ndef {}: {}\n"
TAGS = "enrich_events(events)", "return [Additions(tags={{'n': {}}}) for event in events]"
BAD = {
    "prints": (MODULE + "print('hello')\n" + HOOK.format("plugin_health()", "pass"), "starts_connects_and_prints"),
    "spawns": (
        MODULE + "threading.Thread(target=time.sleep, args=(9,), daemon=True, name='eager').start()\n",
        "starts_connects_and_prints",
    ),
    "does_nothing": (MODULE, "the_plugin_answers_something"),
    "forgets_the_mark": (MODULE + "def enrich_events(events): return []\n", "looks_like_a_hook"),
    "describes_nothing": (
        MODULE + "class Config(Struct, frozen=True, forbid_unknown_fields=True):\n    tag: str = 'n'\n",
        "each_setting_says",
    ),
    "takes_any_key": (MODULE + "class Config(Struct, frozen=True):\n    pass\n", "refuse_unknown_keys"),
    "needs_a_key": (
        MODULE
        + "class Config(Struct, frozen=True, forbid_unknown_fields=True):\n"
        + "    key: Annotated[str, Meta(description='It')]\n",
        "values_given_for_this_test_work",
    ),
    "answers_too_little": (MODULE + HOOK.format("enrich_events(events)", "return events[:0]"), "apps_send_them"),
    "answers_numbers": (MODULE + HOOK.format(TAGS[0], TAGS[1].format("7")), "apps_send_them"),
    "edits": (
        MODULE + HOOK.format(TAGS[0], "events and events[0].data.update(x=1); " + TAGS[1].format("'7'")),
        "apps_send_them",
    ),
    "counts": (
        MODULE + HOOK.format(TAGS[0], "return [Additions(tags={'n': str(n)}) for n, _ in enumerate(events)]"),
        "same_event_gets_the_same_answer",
    ),
    "trusts": (
        MODULE
        + "@hookimpl\ndef enrich_events(events):\n"
        + "    return [Additions(tags={'u': event.data['user']['id']}) if event.user else None for event in events]\n",
        "hostile_events_are_answered",
    ),
    "adds_empty_tags": (MODULE + HOOK.format(TAGS[0], TAGS[1].format("''")), "searched_and_shown"),
    "opens_a_door": (
        MODULE + "@get('/bad')\nasync def door() -> None: pass\n" + HOOK.format("api_routes()", "return [door]"),
        "names_its_action",
    ),
    "explains_no_command": (
        MODULE + "@click.command()\ndef bad(): pass\n" + HOOK.format("cli_commands()", "return [bad]"),
        "commands_say_what_they_do",
    ),
    "delivers_nowhere": (MODULE + HOOK.format("deliver(notification, target)", "pass"), "what_its_targets_need"),
    "leaks": (
        MODULE + HOOK.format("plugin_start()", "threading.Thread(target=threading.Event().wait, daemon=True).start()"),
        "leaves_nothing_behind",
    ),
    "hears_nothing": (MODULE + HOOK.format("on_fact(fact)", "pass"), "heard_where_they_are_asked_for"),
    "cannot_start": (MODULE + HOOK.format("plugin_start()", "raise OSError('no')"), "test_it_runs"),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The contract once for each of our plugins."""
    if "subject" in metafunc.fixturenames:
        found = [Subject(entry) for entry in sorted(OURS, key=lambda entry: entry.name)]
        metafunc.parametrize("subject", found, ids=[subject.name for subject in found], indirect=True)


class TestOurPlugins(PluginContract):
    rounds = 3


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The bad plugins that fail the test of the contract that is about what they do wrong."""
    site = tmp_path_factory.mktemp("site")
    for name, (source, _) in BAD.items():
        install(site, name, source)
    chosen = " or ".join(f"({name} and {test})" for name, (_, test) in BAD.items())
    named = [f"--plugin={name}" for name in BAD]
    command = [sys.executable, "-m", "pytest", "--pyargs", "amber.testing.contract", "-q", "-p", "no:cacheprovider"]
    answer = subprocess.run(
        [*command, *named, "-k", chosen, "--show-capture=no"],
        cwd=site,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 1, answer.stdout + answer.stderr
    return set(re.findall(r"^FAILED \S+::\w+\[(\w+)\]", answer.stdout, re.M))


def install(site: Path, name: str, source: str) -> None:
    """Put a plugin into a folder of packages, as pip would."""
    package, info = site / f"bad_{name}", site / f"bad_{name}-1.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text(source)
    (package / "plugin.toml").write_text(MANIFEST.format(name=name))
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bad-{name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[amber.plugins]\n{name} = bad_{name}\n")


@pytest.mark.parametrize("name", BAD)
def test_the_contract_sees_a_plugin_that(name: str, failures: set[str]) -> None:
    assert name in failures


def test_the_contract_asks_for_a_plugin_there_is() -> None:
    for given, said in (([], "name the plugin"), (["--plugin=nobodys"], "no plugin 'nobodys' is installed")):
        command = [sys.executable, "-m", "pytest", "--pyargs", "amber.testing.contract", "-q", *given]
        answer = subprocess.run(command, capture_output=True, text=True)
        assert answer.returncode != 0
        assert said in answer.stdout + answer.stderr
