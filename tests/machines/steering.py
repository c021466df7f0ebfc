"""How long the machines run: briefly and always the same in CI, long and differently with `make fuzz`."""

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

IS_LONG = settings.get_current_profile_name() == "long"


def drive(machine: Any, examples: int, steps: int, is_slow: bool = False) -> None:
    """So many histories of so many steps each; with `--hypothesis-profile=long` fifty times as many.

    A machine that is slow, over a real database, tells a history that fails as it was found: making it shorter, and
    tracing every line to explain it, would take minutes.
    """
    left_out = {Phase.shrink, Phase.explain} if is_slow and not IS_LONG else {Phase.explain}
    chosen = settings(
        max_examples=examples * 50 if IS_LONG else examples,
        stateful_step_count=steps,
        derandomize=not IS_LONG,
        database=None,
        deadline=None,
        phases=[phase for phase in Phase if phase not in left_out],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=chosen)
