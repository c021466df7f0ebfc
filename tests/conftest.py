"""Fixtures every test may use.

Asynchronous tests run under anyio's pytest plugin, which comes with httpx: mark the module with
`pytestmark = pytest.mark.anyio`, then tests and fixtures may be `async def`. They run on asyncio alone, in one event
loop a test; whatever is left unhandled in it fails the test.
"""

import os
import signal
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("amber.testing.contract.bus")
pytest_plugins = ("amber.testing.nats", "amber.testing.postgres")


def pytest_sessionstart() -> None:
    # a shell has what it starts in the background ignore Ctrl-C, and so would the commands that tests interrupt
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let the processes of a test that is marked `measured` count for coverage, and only those.

    Measuring makes a process dearer by half, and these flows take nearly every branch that only processes take.
    """
    name = "COVERAGE_PROCESS_CONFIG"
    config = None if item.get_closest_marker("measured") else os.environ.pop(name, None)
    try:
        return (yield)
    finally:
        if config is not None:
            os.environ[name] = config


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
