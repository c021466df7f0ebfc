"""What the contracts of a directory begin with."""

import pytest

from amber.model import Directory, Member
from amber.testing.stores import audit, new_member


class Tenants:
    """Two organisations; of the first, an owner and a member."""

    @pytest.fixture
    def acme(self, directory: Directory) -> int:
        return directory.add_organisation("acme", "Acme", audit()).id

    @pytest.fixture
    def other(self, directory: Directory, acme: int) -> int:
        return directory.add_organisation("other", "Other", audit()).id

    @pytest.fixture
    def ann(self, directory: Directory, acme: int) -> Member:
        return new_member(directory, acme, "owner", "ann")

    @pytest.fixture
    def bob(self, directory: Directory, acme: int, ann: Member) -> Member:
        return new_member(directory, acme, "member", "bob")
