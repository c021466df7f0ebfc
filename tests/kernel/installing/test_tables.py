"""A plugin's table in amber.toml, changed where it stands."""

from pathlib import Path

import pytest

from amber.installing import tables

HEAD = "# mine\n[server]\nport = 8001\n"
OFF = "[plugins.mail]\nenabled = false\nhost = 'a'\n"


@pytest.mark.parametrize(
    ("before", "is_gone", "after"),
    [
        (HEAD + OFF, True, HEAD),
        (HEAD + OFF, False, HEAD + "\n[plugins.mail]\nenabled = false\n"),
        (HEAD + "[plugins.mail]\nhost = 'a'\n", False, HEAD),
        (HEAD, True, HEAD),
    ],
)
def test_a_table_is_forgotten_but_for_that_the_plugin_is_off_where_it_is_still_there(
    tmp_path: Path, before: str, is_gone: bool, after: str
) -> None:
    file = tmp_path / "amber.toml"
    file.write_text(before)
    tables.forget(file, "mail", is_gone=is_gone)
    assert file.read_text().rstrip() == after.rstrip()
