"""Everything is killed, frozen, cut off and set to another time at random under load; then accepted is what is there.

CHAOS_SEED and CHAOS_SECONDS choose another storm, and a longer one; `make chaos` does.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flows.running import wait_until

from .audit import look, problems, settled, table
from .load import Load, under
from .storm import Storm
from .system import Embedded, Spread, System

SEED = int(os.environ.get("CHAOS_SEED", "20261123"))
SECONDS = float(os.environ.get("CHAOS_SECONDS", "50"))
RECOVERY = 120.0
"""Seconds until everything must work again, and until everything must be digested."""


@pytest.fixture(params=[Embedded, Spread], ids=["sqlite", "postgres"])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    made: System = request.param(tmp_path)
    yield made
    made.close()


@pytest.mark.timeout(SECONDS + 4 * RECOVERY)
def test_what_was_accepted_in_a_storm_is_there_exactly_once(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    def tell(line: str) -> None:
        with capsys.disabled():
            print(line, flush=True)

    tell(f"\n{type(system).__name__}: CHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:g}")
    wait_until(system.is_ready, RECOVERY)
    storm = Storm(system, SEED, tell)
    with under(Load(system.url, system.project, system.key, SEED)) as load:
        storm.blow(SECONDS)
        wait_until(system.is_ready, RECOVERY)
        calm(load, tell)
    wait_until(settled(system.database, system.bus, system.keep), RECOVERY)
    found = look(system.database, system.bus)
    tell(table(found, load))
    broken = problems(found, load)
    assert not broken, "\n".join([f"CHAOS_SEED={SEED}", *storm.story, *broken])


def calm(load: Load, tell: Callable[[str], None]) -> None:
    """Once all is well again, everything that is sent is taken."""
    wanted = len(load.accepted) + 200
    wait_until(lambda: len(load.accepted) >= wanted, RECOVERY)
    tell("everything works again")
