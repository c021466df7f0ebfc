"""Importing the module: quick, and of no consequence."""

from functools import cache

from amber.installing.rehearsal import SLOWEST, tried
from amber.installing.smoke import Trial
from amber.testing.contract.plugin.base import Contract
from amber.testing.contract.plugin.fitting import counts_for
from amber.testing.subject import Subject

FEW = SLOWEST / 2


@cache
def observed(plugin: str) -> Trial:
    """What importing it did, as every installation finds out."""
    [trial] = tried([plugin], enough=FEW)
    return trial


class ImportContract(Contract):
    suite = "import"

    def test_the_plugin_can_be_imported_where_nothing_else_is(self, subject: Subject) -> None:
        assert observed(subject.name).error == "", "it cannot be used in a process of its own"

    def test_importing_the_plugin_starts_connects_and_prints_nothing(self, subject: Subject) -> None:
        seen = observed(subject.name)
        assert seen.printed == "", "importing prints: take it out, or log it in plugin_start"
        assert seen.acts == (), "importing does this: leave it to plugin_start, or to the first call that needs it"

    def test_importing_the_plugin_changes_nothing_for_others(self, subject: Subject) -> None:
        hint = "importing changes this for the whole process: threads and clients belong into plugin_start, and what is"
        assert observed(subject.name).changed == (), f"{hint} Amber's or the system's must stay as it is"

    def test_importing_the_plugin_is_quick(self, subject: Subject) -> None:
        hint = f"importing takes more than {SLOWEST * 1000:g} ms of processor time: import what is heavy inside the"
        assert observed(subject.name).seconds < SLOWEST, f"{hint} functions that need it (python -X importtime)"

    @counts_for("gold")
    def test_importing_the_plugin_is_hardly_noticed(self, subject: Subject) -> None:
        hint = f"importing takes more than {FEW * 1000:g} ms of processor time: import what is heavy inside the"
        assert observed(subject.name).seconds < FEW, f"{hint} functions that need it (python -X importtime)"
