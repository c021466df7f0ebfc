"""How long fuzzing goes on, and which decoders there are."""

import pytest
from hypothesis import HealthCheck, settings

from .decoders import all_decoders

settings.register_profile("fuzz", max_examples=60, derandomize=True, database=None, deadline=None)
settings.register_profile("long", max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
"""`pytest --hypothesis-profile=long`, as `make fuzz` does: other inputs every time."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "decoder" in metafunc.fixturenames:
        every = all_decoders()
        metafunc.parametrize("decoder", every.values(), ids=every)
