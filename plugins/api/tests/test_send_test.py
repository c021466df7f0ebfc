"""Where `amber send-test` sends to, and what it says where that is nowhere."""

import pytest

from amber.errors import ConfigError, Reject
from amber.model import AuditEntry
from amber.testing.running import Kernel, context
from amber_api.v1.send_commands import choose_target

AUDIT = AuditEntry(0, "test", "test", "", 1.0)


def test_it_says_what_is_missing_before_it_sends_anything(kernel: Kernel) -> None:
    ctx = context(kernel, "api")
    with pytest.raises(ConfigError, match="there is no project yet"):
        choose_target(ctx, "")
    with pytest.raises(Reject, match="there is no project 'nothing'"):
        choose_target(ctx, "nothing")
    directory = kernel.stores.directory
    home = directory.add_organisation("sender", "Sender", AUDIT)
    made = directory.add_project(home.id, "keyless", "Keyless", "python", AUDIT)
    [key] = directory.keys(made.id)
    assert choose_target(ctx, "keyless") == choose_target(ctx, "")
    assert choose_target(ctx, "keyless")[0] == made.id
    assert key.public_key in choose_target(ctx, "keyless")[1]
    directory.change_key(key.id, is_active=False, audit=AUDIT)
    with pytest.raises(ConfigError, match="project keyless has no active key: amber project key add keyless"):
        choose_target(ctx, "keyless")
