"""plugin.toml: whether it is true, and whether it says what people need to know."""

import re
import subprocess
import sys

from amber.config import Settings
from amber.plugin.manifest import API
from amber.plugin.spec import Kind, hooks
from amber.registry import discover
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.fitting import asked
from amber.testing.subject import Subject

FACT = re.compile(r"[a-z]+(?:_[a-z]+)*\.[a-z]+(?:_[a-z]+)*")
FACTS = frozenset(
    {
        "events.stored",
        "issue.assigned",
        "issue.created",
        "issue.ignored",
        "issue.regressed",
        "issue.reopened",
        "issue.resolved",
        "key.changed",
        "member.changed",
        "project.changed",
        "session.changed",
        "token.changed",
    }
)
"""What Amber itself tells; plugins may tell more, each what its manifest lists under `rights.publish`."""
HOST = re.compile(r"\*|(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*")
READ = """
import sys
from importlib.metadata import entry_points
from amber.plugin.manifest import read_manifest
[entry] = [one for one in entry_points(group="amber.plugins") if one.name == sys.argv[1]]
assert read_manifest(entry).name == sys.argv[1]
top = entry.module.partition(".")[0]
print(*sorted(name for name in sys.modules if name.partition(".")[0] == top))
"""


def run_python(program: str, *arguments: str) -> str:
    """What a program prints, errors included, in a process of its own."""
    command = [sys.executable, "-c", program, *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)  # noqa: S603 - our words
    assert answer.returncode == 0, f"it cannot be used in a process of its own:\n{answer.stderr}"
    return (answer.stdout + answer.stderr).strip()


class ManifestContract(Contract):
    suite = "manifest"

    def test_the_manifest_is_read_without_importing_the_plugin(self, subject: Subject) -> None:
        hint = "put plugin.toml into the folder of the module that the entry point names, and let its packages be empty"
        assert run_python(READ, subject.name) == "", hint

    def test_the_manifest_speaks_this_ambers_api(self, subject: Subject) -> None:
        assert subject.manifest.api == API, f"write api = {API}, and mend what that API asks otherwise"

    def test_the_name_can_stand_in_addresses_and_tables(self, subject: Subject) -> None:
        hint = "name it with lower-case letters, digits and underscores, a letter first, 40 characters at most"
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,39}", subject.name), hint

    def test_title_and_summary_are_meant_for_people(self, subject: Subject) -> None:
        title, summary = subject.manifest.title, subject.manifest.summary
        assert title, "give it a title"
        assert not title.endswith("."), "a title is a name: take its full stop away"
        hint = "the summary is one sentence: a capital first, a stop last"
        assert re.fullmatch(r"[^a-z\s][^\n]{8,}\.", summary), hint

    def test_the_plugin_belongs_to_a_family(self, subject: Subject) -> None:
        assert subject.manifest.families, 'name a family: families = ["enrichment"]'

    def test_facts_are_named_as_facts_are(self, subject: Subject) -> None:
        wrong = [fact for fact in subject.manifest.rights.publish if not FACT.fullmatch(fact)]
        assert wrong == [], "name what rights.publish lists as noun.past_participle"

    def test_somebody_tells_each_fact_that_is_heard(self, subject: Subject) -> None:
        manifests = [plugin.manifest for plugin in discover(Settings()) if plugin.manifest is not None]
        told = {fact for manifest in manifests for fact in manifest.rights.publish}
        hint = "nobody publishes these: mend their names in rights.facts, or install the plugin that does"
        assert set(subject.manifest.rights.facts) - FACTS - told == set(), hint

    def test_roles_are_roles_there_are(self, subject: Subject) -> None:
        roles = {name for name, hook in hooks().items() if hook.kind is Kind.ROLE}
        hint = f"rights.roles may list {', '.join(sorted(roles))}"
        assert set(subject.manifest.rights.roles) - roles == set(), hint

    def test_hosts_are_hosts(self, subject: Subject) -> None:
        wrong = [host for host in subject.manifest.rights.hosts if not HOST.fullmatch(host)]
        assert wrong == [], "rights.hosts lists names alone: api.example.org, *.example.org or *"

    @asked("on_fact", "evaluate_fact")
    def test_facts_are_heard_where_they_are_asked_for(self, subject: Subject) -> None:
        assert subject.manifest.rights.facts, "without rights.facts in plugin.toml it hears of nothing"

    def test_the_plugin_answers_something(self, subject: Subject) -> None:
        assert subject.hooks, (
            "a plugin without a hookimpl does nothing: put @hookimpl before a function named as a hook"
        )

    def test_what_looks_like_a_hook_is_marked_as_one(self, subject: Subject) -> None:
        unmarked = [name for name in hooks() if callable(getattr(subject.module, name, None))]
        assert set(unmarked) - set(subject.hooks) == set(), "put @hookimpl before them"
