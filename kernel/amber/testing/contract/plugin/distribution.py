"""What comes with the plugin: what those who look for one want to know before they install it."""

from importlib.metadata import PackageMetadata, metadata

import pytest

from amber.testing.contract.plugin.base import Contract
from amber.testing.subject import Subject

LEAST_README = 200
"""Characters below which a README says nothing."""


class DistributionContract(Contract):
    suite = "distribution"
    tier = "gold"

    @pytest.fixture
    def told(self, subject: Subject) -> PackageMetadata:
        """What the distribution says of itself."""
        assert subject.entry.dist is not None, "install it with pip, so that it has a distribution"
        return metadata(subject.entry.dist.name)

    def test_it_comes_with_a_readme(self, told: PackageMetadata) -> None:
        text = str(told.json.get("description", ""))
        assert len(text) >= LEAST_README, 'readme = "README.md" in pyproject.toml, and write what it does and needs'

    def test_it_says_under_which_licence(self, told: PackageMetadata) -> None:
        given = told.json.get("license_expression") or told.json.get("license")
        assert given, 'license = "Apache-2.0" (or another) in pyproject.toml'

    def test_it_says_what_it_needs(self, told: PackageMetadata) -> None:
        assert told.json.get("requires_python"), 'requires-python = ">=3.11" in pyproject.toml'

    def test_it_is_no_experiment_any_more(self, subject: Subject) -> None:
        assert subject.manifest.stability != "experimental", 'stability = "beta" or "stable" in plugin.toml'
