"""Our own plugins keep the contract that others must keep. What stores promise is tried in plugins/storage/tests."""

from importlib.metadata import entry_points

import pytest

from amber.registry import first_party
from amber.testing.contract.plugin import PluginContract
from amber.testing.subject import Subject

OURS = [entry for entry in entry_points(group="amber.plugins") if entry.dist and entry.dist.name in first_party()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The contract once for each of our plugins."""
    if "subject" in metafunc.fixturenames:
        found = [Subject(entry) for entry in sorted(OURS, key=lambda entry: entry.name)]
        metafunc.parametrize("subject", found, ids=[subject.name for subject in found], indirect=True)


class TestOurPlugins(PluginContract):
    pass
