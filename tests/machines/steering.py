"""How long the machines run: briefly and always the same in CI, long and differently with `make fuzz`."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

IS_LONG = settings.get_current_profile_name() == "long"


def drive(machine: Any, examples: int, steps: int) -> None:
    """So many histories of so many steps each; with `--hypothesis-profile=long` fifty times as many."""
    chosen = settings(
        max_examples=examples * 50 if IS_LONG else examples,
        stateful_step_count=steps,
        derandomize=not IS_LONG,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=chosen)
