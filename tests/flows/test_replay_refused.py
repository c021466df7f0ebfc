"""What `amber replay` says where there is nothing it can do."""

import pytest

from .running import Running

pytestmark = pytest.mark.measured


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--plugin", "nobody"), "there is no plugin 'nobody'"),
        (("--plugin", "keys"), "none of on_fact, evaluate_fact, enrich_events"),
        (("--plugin", "historian"), "there is no plugin 'historian'"),
        (("--plugin", "release", "--project", "none"), "there is no project 'none'"),
        (("--plugin", "release", "--since", "once"), "'once' is neither like 7d"),
        (("--plugin", "release", "--rate", "0"), "'0' is no rate"),
    ],
)
def test_what_cannot_be_fed_is_said(amber: Running, words: tuple[str, ...], reason: str) -> None:
    done = amber.cli("replay", *words)
    assert done.returncode != 0
    assert reason in done.stderr
