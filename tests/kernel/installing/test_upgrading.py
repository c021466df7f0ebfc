"""What `amber plugins upgrade` takes for an upgrade."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from amber.cli.installing import _check_upgrade, upgrade
from amber.errors import Reject
from amber.installing import read
from amber.testing.wheels import make_wheel


def test_an_upgrade_is_of_the_plugin_that_was_named_and_no_older(tmp_path: Path) -> None:
    offer = read(make_wheel(tmp_path / "made", version="2.0"), tmp_path)
    for before in ("1.9", "2.0"):
        _check_upgrade(replace(offer, installed=before), "stranger")
    with pytest.raises(Reject, match=re.escape("2.0 is older than 2.0.1, so nothing was changed")):
        _check_upgrade(replace(offer, installed="2.0.1"), "stranger")
    with pytest.raises(Reject, match=re.escape("amber-stranger 2.0 holds no plugin scrub: nothing was changed")):
        _check_upgrade(replace(offer, installed="1.0"), "scrub")


def test_what_is_not_there_is_not_upgraded(tmp_path: Path) -> None:
    assert upgrade.callback is not None
    with pytest.raises(Reject, match="there is no plugin 'nobody' to upgrade"):
        upgrade.callback("nobody", None, True, tmp_path, None)
