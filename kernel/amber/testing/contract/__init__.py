"""The promises of `amber.model`, as tests that every implementation must pass.

Each module holds one class. A plugin's test module derives a `Test…` class from it and provides the fixtures its
docstring names; all of its tests then run on the plugin's implementation.
"""

import pytest

MODULES = (
    "audit",
    "blob_store",
    "directory",
    "event_store",
    "invitations",
    "issue_figures",
    "issue_lists",
    "issue_model",
    "issue_order",
    "issue_store",
    "members",
    "people",
    "plugin",
    "retention",
    "sessions",
    "shelves",
    "targets",
    "teams",
)
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in MODULES))
