"""What `amber dead` refuses before it asks anybody; that it does what it says is tested beside a running Amber."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from amber.cli.dead import dead
from amber.errors import ConfigError


@pytest.mark.parametrize("deed", ["retry", "drop"])
@pytest.mark.parametrize("words", [[], ["7", "--all"], ["7", "--plugin", "tiny"], ["--plugin", "tiny"]])
def test_nothing_is_done_to_letters_nobody_named(deed: str, words: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(dead, [deed, *words, "--data", str(tmp_path)])
    assert (done.exit_code, "NUMBERS" in done.output) == (2, True)


def test_where_no_amber_has_run_there_is_nothing_to_look_after(tmp_path: Path) -> None:
    done = CliRunner().invoke(dead, ["list", "--data", str(tmp_path)])
    assert isinstance(done.exception, ConfigError)
    assert "no Amber has run" in str(done.exception)
