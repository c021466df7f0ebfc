"""Where an offered plugin would run, found out before anything is changed."""

from pathlib import Path

import pytest

from amber.installing import examine
from amber.installing.places import misplaced
from amber.installing.rehearsal import rehearse
from amber.testing.wheels import CODE, make_wheel, manifest

MODULE, TOML = "amber_stranger/__init__.py", "amber_stranger/plugin.toml"
ROUTES = CODE + "\n\n@hookimpl\ndef api_routes():\n    return []\n"
TABLES = '[rights]\ntables = ["stranger_*"]\n'


@pytest.mark.parametrize(
    ("files", "wants"),
    [
        ({MODULE: ROUTES}, "api_routes can only be had"),
        ({TOML: manifest("stranger", TABLES)}, "rights.tables can only be had"),
        ({}, ""),
    ],
)
def test_what_must_run_inside_of_amber_says_so_where_it_would_not(
    files: dict[str, str], wants: str, tmp_path: Path
) -> None:
    offer = examine(make_wheel(tmp_path, files=files), tmp_path / "cellar")
    [plugin], [trial] = offer.plugins, rehearse(offer)
    said = misplaced(plugin, trial, "process")
    assert said.startswith(wants)
    assert bool(said) == bool(wants)
    assert misplaced(plugin, trial, "inline") == ""


def test_what_holds_no_python_says_that_it_runs_elsewhere(tmp_path: Path) -> None:
    files = {MODULE: "", TOML: f'hooks = ["enrich_events"]\n{manifest("stranger")}'}
    offer = examine(make_wheel(tmp_path, files=files), tmp_path / "cellar")
    [plugin], [trial] = offer.plugins, rehearse(offer)
    assert '[plugins.stranger] isolation = "remote"' in misplaced(plugin, trial, "process")
    assert misplaced(plugin, trial, "remote") == ""
