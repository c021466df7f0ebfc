"""Which revisions a folder ends with, read as Alembic would read it, or not at all."""

from pathlib import Path

import pytest

from amber.tables.revisions import newest


def write(folder: Path, *sources: str) -> Path:
    for number, source in enumerate(sources):
        (folder / f"{number}.py").write_text(source)
    return folder


def test_the_newest_revision_is_the_one_nobody_follows(tmp_path: Path) -> None:
    later = 'revision: str = "0002"\ndown_revision: str | None = "0001"\n'
    assert newest(write(tmp_path, later, 'revision = "0001"\ndown_revision = None\n')) == {"0002"}


def test_a_history_may_have_two_ends_or_none(tmp_path: Path) -> None:
    first = 'revision = "a"\ndown_revision = None\n'
    assert newest(tmp_path) == set()
    assert newest(write(tmp_path, first, 'revision = "b"\ndown_revision = "a"', 'revision = "c"\ndown_revision = "a"'))
    assert newest(tmp_path) == {"b", "c"}


@pytest.mark.parametrize(
    "source",
    [
        'revision = "c"\ndown_revision = ("a", "b")',
        'revision = name()\ndown_revision = "a"',
        'revision = "a"',
        "x, y = 1, 2",
    ],
)
def test_what_only_alembic_understands_is_left_to_it(tmp_path: Path, source: str) -> None:
    assert newest(write(tmp_path, source)) is None
