"""Each plugin with the context the kernel hands it, on real stores in SQLite."""

from collections.abc import Callable
from typing import Any

import pytest

from amber import Context
from amber.model import AuditEntry, Directory, Organisation, Project
from amber.testing.running import Kernel, context, kernel, session_kernel

__all__ = ["kernel", "session_kernel"]
AUDIT = AuditEntry(0, "test", "test", "", 1.0)


@pytest.fixture
def directory(kernel: Kernel) -> Directory:
    return kernel.stores.directory


@pytest.fixture
def contexts(kernel: Kernel) -> Callable[[str], Context[Any]]:
    return lambda plugin: context(kernel, plugin)


@pytest.fixture
def organisation(directory: Directory) -> Organisation:
    return directory.add_organisation("acme", "Acme", AUDIT)


@pytest.fixture
def project(directory: Directory, organisation: Organisation) -> Project:
    return directory.add_project(organisation.id, "shop", "Shop", "python", AUDIT)
